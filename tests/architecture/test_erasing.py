"""Whatever says something of a patient, an erasure can make it say nothing: a new column fails here until it does."""

from typing import Any

from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from chiron.kernel.fields import SealedField, blank_of, clinical, operational
from chiron.kernel.models import Grants
from chiron.registry.erasing import Belonging, what_belongs_to_patients

LOOSE = frozenset(  # they name a patient by id alone, and say nothing about one beyond what is sealed
    {"audit.Event", "vault.PatientKey", "vault.Erasure", "identity.Membership", "operations.UnplacedDocument"}
)


def unblankable(belongings: list[Belonging]) -> list[str]:
    """Columns of patients that an erasure could not blank."""
    found = []
    for each in belongings:
        for field in each.in_person:
            name = f"{each.model._meta.label}.{field.name}"
            if getattr(each.model, "erasure_deletes", False):
                continue
            if not each.may_change and not isinstance(field, SealedField):
                found.append(f"{name} is in clear and never changes")
            elif each.may_change and not _has_blank(field):
                found.append(f"{name} does not say what an erasure leaves in it")
    return found


def _has_blank(field: Any) -> bool:
    try:
        blank_of(field)
    except LookupError:
        return False
    return True


def unlinked() -> list[str]:
    """Tables that name a patient without a foreign key, where no erasure finds them."""
    known = {each.model for each in what_belongs_to_patients()}
    return [
        model._meta.label
        for model in apps.get_models()
        if model not in known
        and model._meta.label not in LOOSE
        and any("patient" in field.name for field in model._meta.concrete_fields)
    ]


def test_every_column_of_a_patient_can_be_blanked() -> None:
    assert unblankable(list(what_belongs_to_patients())) == []


def test_every_table_that_names_a_patient_is_linked_to_one() -> None:
    assert unlinked() == []


@isolate_apps("chiron.records")
def test_planted_columns_that_stay_are_found() -> None:
    class Diary(models.Model):
        grants = Grants.READ_WRITE
        patient: Any = operational(models.ForeignKey("registry.Patient", models.PROTECT, related_name="+"))
        mood: Any = clinical(models.CharField(max_length=9))
        word: Any = clinical(models.CharField(max_length=9), erased="")

        class Meta:
            app_label = "records"

    class Page(models.Model):
        grants = Grants.APPEND_ONLY
        diary: Any = operational(models.ForeignKey(Diary, models.PROTECT, related_name="+"))
        mood: Any = clinical(models.CharField(max_length=9, null=True))
        text: Any = clinical(SealedField())

        class Meta:
            app_label = "records"

    assert unblankable([Belonging(Diary, ("patient",)), Belonging(Page, ("diary__patient",))]) == [
        "records.Diary.mood does not say what an erasure leaves in it",
        "records.Page.mood is in clear and never changes",
    ]
