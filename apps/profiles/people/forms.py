from django import forms

from people.models import Affiliation, Person


class PersonForm(forms.ModelForm):
    class Meta:
        model = Person
        fields = ["name", "slug", "bio"]


class AffiliationForm(forms.ModelForm):
    class Meta:
        model = Affiliation
        fields = ["organisation", "role", "since"]


class AffiliationLines(forms.Form):
    """One affiliation a line: organisation; role; year. The last two may be left out."""

    affiliations = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}), required=False, help_text="One a line: organisation; role; since the year"
    )

    def clean_affiliations(self) -> list[dict[str, str]]:
        found = []
        for line in self.cleaned_data["affiliations"].splitlines():
            if line.strip():
                organisation, role, since, *rest = [part.strip() for part in line.split(";")] + ["", ""]
                if any(rest):
                    raise forms.ValidationError("%(line)s has more than three parts", params={"line": line})
                found.append({"organisation": organisation, "role": role, "since": since})
        return found
