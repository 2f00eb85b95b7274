"""Creating and changing profiles, the same for pages and API."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from people.forms import AffiliationForm, PersonForm
from people.models import Affiliation, Person
from people.profile_cache import forget_profile


class RejectedError(Exception):
    """Wrong fields, each with its messages."""

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__("rejected")
        self.fields = fields

    def messages(self) -> list[str]:
        """What is wrong, without saying where."""
        return list(dict.fromkeys(_messages(self.fields)))


def _messages(part: Any) -> Iterator[str]:
    if isinstance(part, dict) and "message" in part:
        yield part["message"]
    elif isinstance(part, (dict, list)):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _messages(inner)


def save_person(person: Person, fields: dict[str, Any], owner: AbstractBaseUser | None = None) -> Person:
    """Saves `fields` (name, slug, bio, affiliations) into `person`. Raises RejectedError with everything that is wrong."""
    # Asked of the database: a form may have put the new one into `person` already.
    before = Person.objects.filter(pk=person.pk).values_list("slug", flat=True).first() if person.pk else None
    form = PersonForm(fields, instance=person)
    affiliations, wrong = _affiliations(fields.get("affiliations", []))
    if not form.is_valid() or wrong:
        raise RejectedError({**form.errors.get_json_data(), **({"affiliations": wrong} if wrong else {})})
    with transaction.atomic():
        if owner is not None:
            person.owner = owner
        form.save()
        person.affiliations.all().delete()
        for affiliation in affiliations:
            affiliation.person = person
        Affiliation.objects.bulk_create(affiliations)
        for slug in {before, person.slug} - {None}:
            transaction.on_commit(lambda slug=slug: forget_profile(slug))
    return person


def _affiliations(given: Any) -> tuple[list[Affiliation], list[Any]]:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given) or len(given) > 20:
        return [], [{"message": "a list of at most 20 objects with organisation, role and since", "code": "invalid"}]
    forms = [AffiliationForm(one) for one in given]
    wrong = [form.errors.get_json_data() for form in forms if not form.is_valid()]
    if wrong:
        return [], wrong
    found = [form.save(commit=False) for form in forms]
    if len({one.organisation for one in found}) < len(found):
        return [], [{"message": "an organisation is named twice", "code": "unique"}]
    return found, []


def as_data(person: Person) -> dict[str, Any]:
    """A profile as the API gives it and the cache keeps it."""
    return {
        "name": person.name,
        "slug": person.slug,
        "bio": person.bio,
        "affiliations": _as_data(person.affiliations.all()),
        "updatedAt": person.updated_at.isoformat(timespec="milliseconds"),
    }


def _as_data(affiliations: Iterable[Affiliation]) -> list[dict[str, Any]]:
    return [{"organisation": one.organisation, "role": one.role, "since": one.since} for one in affiliations]
