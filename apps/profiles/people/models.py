"""People and where they belong."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse


class PersonQuerySet(models.QuerySet["Person"]):
    def matching(self, words: str) -> "PersonQuerySet":
        """People whose name, text or affiliations have the words; everybody for no words."""
        if not words:
            return self
        query = SearchQuery(words, search_type="websearch", config="simple")
        belongs = Affiliation.objects.filter(person=models.OuterRef("pk"), organisation__icontains=words)
        return self.filter(models.Q(search=query) | models.Q(name__icontains=words) | models.Exists(belongs))


class Person(models.Model):
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    bio = models.TextField(max_length=4000, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="people")
    updated_at = models.DateTimeField(auto_now=True)
    # Kept by Postgres itself, whoever writes. `simple`: names are in no language.
    search = models.GeneratedField(
        expression=SearchVector("name", "bio", config="simple"), output_field=SearchVectorField(), db_persist=True
    )

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "people"
        indexes = [GinIndex(fields=["search"], name="person_search")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("people:detail", args=[self.slug])

    def may_be_changed_by(self, user: object) -> bool:
        return getattr(user, "is_staff", False) or (self.owner_id is not None and self.owner_id == getattr(user, "pk", None))


class Affiliation(models.Model):
    person = models.ForeignKey(Person, models.CASCADE, related_name="affiliations")
    organisation = models.CharField(max_length=160)
    role = models.CharField(max_length=120, blank=True)
    since = models.PositiveSmallIntegerField(
        "since the year", null=True, blank=True, validators=[MinValueValidator(1800), MaxValueValidator(2200)]
    )

    class Meta:
        ordering = ["organisation", "pk"]
        constraints = [models.UniqueConstraint(fields=["person", "organisation"], name="one_affiliation_per_organisation")]

    def __str__(self) -> str:
        return self.organisation
