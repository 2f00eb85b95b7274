from django.core.validators import MaxLengthValidator
from django.db import models


class Note(models.Model):
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True, validators=[MaxLengthValidator(10_000)])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title

    def as_data(self) -> dict[str, object]:
        created = self.created_at.isoformat(timespec="milliseconds")
        return {"id": self.pk, "title": self.title, "body": self.body, "createdAt": created}
