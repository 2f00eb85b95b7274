"""Release 2: affiliations are rows of their own, filled from the text.

The column with the text stays, with a default in the database: replicas of release 1 read it, and those of release 2
add people without it. A later release drops it.
"""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


def copy_text(apps, _schema_editor):
    Person, Affiliation = apps.get_model("people", "Person"), apps.get_model("people", "Affiliation")
    for person in Person.objects.exclude(affiliation="").iterator():
        # Once each, in the order in which they stand there.
        names = dict.fromkeys(name.strip()[:160] for name in person.affiliation.split(",") if name.strip())
        Affiliation.objects.bulk_create(Affiliation(person=person, organisation=name) for name in names)


class Migration(migrations.Migration):
    dependencies = [("people", "0001_people")]

    operations = [
        migrations.CreateModel(
            name="Affiliation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation", models.CharField(max_length=160)),
                ("role", models.CharField(blank=True, max_length=120)),
                (
                    "since",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        verbose_name="since the year",
                        validators=[
                            django.core.validators.MinValueValidator(1800),
                            django.core.validators.MaxValueValidator(2200),
                        ],
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="affiliations", to="people.person"
                    ),
                ),
            ],
            options={"ordering": ["organisation", "pk"]},
        ),
        migrations.AddConstraint(
            model_name="affiliation",
            constraint=models.UniqueConstraint(fields=("person", "organisation"), name="one_affiliation_per_organisation"),
        ),
        migrations.RunPython(copy_text, migrations.RunPython.noop, elidable=True),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE people_person ALTER COLUMN affiliation SET DEFAULT ''",
                    "ALTER TABLE people_person ALTER COLUMN affiliation DROP DEFAULT",
                ),
            ],
            state_operations=[migrations.RemoveField(model_name="person", name="affiliation")],
        ),
    ]
