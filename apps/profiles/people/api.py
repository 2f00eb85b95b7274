"""The JSON API: everybody reads, who is logged in creates, owners and staff change."""

import json
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_http_methods, require_safe

from people.editing import RejectedError, as_data, save_person
from people.models import Person
from people.profile_cache import cached_profile
from people.views import find, load, words_of

PAGE = 50
FIELDS = ("name", "slug", "bio", "affiliations")


@require_safe
def session(request: HttpRequest) -> JsonResponse:
    """Who is logged in, and the token that changes need."""
    name = request.user.get_username() if request.user.is_authenticated else None
    return JsonResponse({"user": name, "csrfToken": get_token(request)}, headers={"Cache-Control": "no-store"})


@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest) -> JsonResponse:
    if request.method == "POST":
        return change(request, Person(), 201)
    words = words_of(request)
    found = Person.objects.matching(words).prefetch_related("affiliations").defer("search")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    data = [as_data(person) for person in page]
    return JsonResponse({"people": data, "page": page.number, "pages": page.paginator.num_pages, "total": page.paginator.count})


@require_http_methods(["GET", "HEAD", "PUT", "PATCH"])
def person(request: HttpRequest, slug: str) -> JsonResponse:
    try:
        if request.method in ("PUT", "PATCH"):
            return change(request, find(slug), 200)
        profile, source = cached_profile(slug, lambda: load(slug))
    except Http404:
        return refusal(404, f"nobody has the slug {slug}")
    return JsonResponse(profile, headers={"X-Cache": source})


def change(request: HttpRequest, person: Person, status: int) -> JsonResponse:
    """Saves the request's fields; those that PATCH leaves out stay as they are."""
    if not request.user.is_authenticated:
        return refusal(401, "log in first")
    new = person.pk is None
    if not new and not person.may_be_changed_by(request.user):
        return refusal(403, "only its owner and staff may change a profile")
    try:
        given: Any = json.loads(request.body)
        # Half of a surrogate pair is JSON, and no text.
        json.dumps(given, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or given.keys() - set(FIELDS):
        return refusal(400, f"the body must be a JSON object with {', '.join(FIELDS)}")
    kept = as_data(person) if request.method == "PATCH" else {}
    fields = {name: given.get(name, kept.get(name, [] if name == "affiliations" else "")) for name in FIELDS}
    try:
        save_person(person, fields, request.user if new else None)
    except RejectedError as rejected:
        return JsonResponse({"error": "some fields are wrong", "fields": rejected.fields}, status=400)
    headers = {"Location": f"/api/people/{person.slug}/"} if new else {}
    return JsonResponse(load(person.slug), status=status, headers=headers)


def refusal(status: int, error: str) -> JsonResponse:
    return JsonResponse({"error": error}, status=status)
