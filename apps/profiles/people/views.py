"""Pages."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from people.editing import RejectedError, as_data, save_person
from people.forms import AffiliationLines, PersonForm
from people.models import Person
from people.profile_cache import cached_profile

PAGE = 20


def words_of(request: HttpRequest) -> str:
    """What is searched for; Postgres has no NUL in a text."""
    return request.GET.get("q", "").replace("\0", "").strip()[:100]


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    words = words_of(request)
    found = Person.objects.matching(words).prefetch_related("affiliations").defer("search")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "people/list.html", {"page": page, "words": words})


@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    profile, source = cached_profile(slug, lambda: load(slug))
    # Who may change it is no part of what is cached for everybody, and needs the database for those who are logged in only.
    may_change = request.user.is_authenticated and find(slug).may_be_changed_by(request.user)
    response = render(request, "people/detail.html", {"profile": profile, "may_change": may_change})
    response["X-Cache"] = source
    return response


def find(slug: str) -> Person:
    return get_object_or_404(Person.objects.defer("search").prefetch_related("affiliations"), slug=slug)


def load(slug: str) -> dict[str, object]:
    return as_data(find(slug))


@login_required
def create(request: HttpRequest) -> HttpResponse:
    return edit(request, Person())


@login_required
def update(request: HttpRequest, slug: str) -> HttpResponse:
    person = find(slug)
    if not person.may_be_changed_by(request.user):
        raise PermissionDenied
    return edit(request, person)


def edit(request: HttpRequest, person: Person) -> HttpResponse:
    new = person.pk is None
    if request.method == "POST":
        form, lines = PersonForm(request.POST, instance=person), AffiliationLines(request.POST)
        if form.is_valid() and lines.is_valid():
            fields = {**form.cleaned_data, **lines.cleaned_data}
            try:
                save_person(person, fields, request.user if new else None)
                return redirect("people:detail", person.slug)
            except RejectedError as rejected:
                lines.add_error("affiliations", rejected.messages())
    else:
        kept = [] if new else person.affiliations.all()
        text = "\n".join("; ".join([one.organisation, one.role, str(one.since or "")]).rstrip("; ") for one in kept)
        form, lines = PersonForm(instance=person), AffiliationLines({"affiliations": text})
    return render(request, "people/edit.html", {"form": form, "lines": lines, "new": new})
