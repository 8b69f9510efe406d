"""The rows of screening, in each organization's schema."""

from typing import ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from chiron.kernel.fields import SealedField, clinical, operational, personal
from chiron.kernel.models import Grants, Row, Versioned
from chiron.screening.model.drift import Verdict
from chiron.screening.words import (
    BatchState,
    BundleStanding,
    DecimalMark,
    Decision,
    Delimiter,
    Mode,
    Outcome,
    Reason,
    ResultClass,
    RiskClass,
    ShadowOutcome,
)


def together(*names: str) -> Q:
    """All of these columns hold something, or none does."""
    return Q(**{f"{name}__isnull": True for name in names}) | Q(**{f"{name}__isnull": False for name in names})


class Screening(Versioned):
    """One answer to one blood count, about a patient or anonymous.

    ``features`` are the numbers that the bundle saw: `FEATURES` in order, in canonical units, None where an optional
    analyte was not measured. ``inputs`` opens to what was asked, all that the answer depends on but the bundle;
    ``result`` to the answer, byte for byte. Both are sealed with the patient's key, of anonymous ones for the
    organization. ``confirmed_value`` is a later B12 result of the patient, in pg/mL.
    """

    grants: ClassVar = Grants.READ_WRITE

    patient = operational(
        models.ForeignKey("registry.Patient", models.PROTECT, null=True, related_name="+", db_index=False)
    )
    laboratory = operational(
        models.ForeignKey("registry.Laboratory", models.PROTECT, null=True, related_name="+", db_index=False)
    )
    specimen = operational(models.ForeignKey("laboratory.Specimen", models.PROTECT, null=True, related_name="+"))
    made_by = operational(models.UUIDField(null=True))
    made_at = operational(models.DateTimeField())
    mode = operational(models.CharField(max_length=8, choices=Mode))
    bundle_hash = operational(models.CharField(max_length=64))
    bundle_version = operational(models.CharField(max_length=40))
    outcome = operational(models.CharField(max_length=10, choices=Outcome))
    result_class = clinical(models.CharField(max_length=10, choices=ResultClass, default="", blank=True))
    risk_class = clinical(models.CharField(max_length=13, choices=RiskClass, default="", blank=True))
    p_normal = clinical(models.FloatField(null=True))
    p_borderline = clinical(models.FloatField(null=True))
    p_deficient = clinical(models.FloatField(null=True))
    reasons = clinical(ArrayField(models.CharField(max_length=40, choices=Reason), default=list))
    features = clinical(ArrayField(models.FloatField(null=True), default=list))
    sex = personal(models.CharField(max_length=7, default="", blank=True))
    age = personal(models.PositiveSmallIntegerField(null=True))
    input_hash = clinical(models.CharField(max_length=64, default="", blank=True))
    inputs = clinical(SealedField())
    result = clinical(SealedField())
    decision = operational(models.CharField(max_length=10, choices=Decision, default=Decision.NONE))
    decided_by = operational(models.UUIDField(null=True))
    decided_at = operational(models.DateTimeField(null=True))
    decision_reason = clinical(SealedField(null=True))
    released_by = operational(models.UUIDField(null=True))
    released_at = operational(models.DateTimeField(null=True))
    confirmed_record = operational(models.ForeignKey("records.Record", models.PROTECT, null=True, related_name="+"))
    confirmed_value = clinical(models.FloatField(null=True))
    confirmed_at = operational(models.DateTimeField(null=True))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="probabilities_come_together", condition=together("p_normal", "p_borderline", "p_deficient")
            ),
            models.CheckConstraint(
                name="an_abstention_gives_no_probability",
                condition=Q(outcome=Outcome.CLASSIFIED) | Q(p_deficient=None, result_class="", risk_class=""),
            ),
            models.CheckConstraint(
                name="a_decision_has_its_time", condition=Q(decision=Decision.NONE) ^ Q(decided_at__isnull=False)
            ),
            models.CheckConstraint(
                name="only_a_patients_screening_is_released", condition=Q(released_at=None) | Q(patient__isnull=False)
            ),
            models.CheckConstraint(
                name="what_a_model_said_is_decided_before_it_is_released",
                condition=Q(released_at=None) | Q(outcome=Outcome.ABSTAINED) | ~Q(decision=Decision.NONE),
            ),
            models.CheckConstraint(
                name="a_confirmation_has_its_time", condition=together("confirmed_record", "confirmed_at")
            ),
        ]
        indexes: ClassVar = [
            models.Index("patient", F("made_at").desc(), F("id").desc(), name="screenings_of_a_patient"),
            models.Index("laboratory", F("made_at").desc(), F("id").desc(), name="screenings_of_a_laboratory"),
            models.Index(fields=["bundle_hash", "made_at"], name="screenings_of_a_bundle"),
            models.Index(F("made_at").desc(), F("id").desc(), name="screenings_by_time"),
        ]

    patient_id: UUID | None
    laboratory_id: UUID | None
    specimen_id: UUID | None
    confirmed_record_id: UUID | None


class ShadowAnswer(Row):
    """What the bundle in the shadow of the active one would have said to the question of a screening.

    It is for the comparison of the two alone. Where the bundle was away or failed, it says nothing.
    """

    grants: ClassVar = Grants.FULL
    erasure_deletes: ClassVar = True

    screening = operational(models.OneToOneField(Screening, models.PROTECT, related_name="+"))
    bundle_hash = operational(models.CharField(max_length=64))
    made_at = operational(models.DateTimeField())
    outcome = operational(models.CharField(max_length=10, choices=ShadowOutcome))
    result_class = clinical(models.CharField(max_length=10, choices=ResultClass, default="", blank=True))
    p_normal = clinical(models.FloatField(null=True))
    p_borderline = clinical(models.FloatField(null=True))
    p_deficient = clinical(models.FloatField(null=True))
    reasons = clinical(ArrayField(models.CharField(max_length=40, choices=Reason), default=list))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="probabilities_of_a_shadow_come_together",
                condition=together("p_normal", "p_borderline", "p_deficient"),
            ),
            models.CheckConstraint(
                name="only_a_shadow_that_answers_gives_probabilities",
                condition=Q(outcome=ShadowOutcome.CLASSIFIED) | Q(p_deficient=None, result_class=""),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["made_at"], name="shadow_answers_by_time")]


class BundleState(Versioned):
    """Where a bundle stands with the organization. One without a row is for research only."""

    grants: ClassVar = Grants.READ_WRITE

    bundle_hash = operational(models.CharField(max_length=64))
    state = operational(models.CharField(max_length=13, choices=BundleStanding))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="a_bundle_stands_in_one_state", fields=["bundle_hash"]),
            models.UniqueConstraint(
                name="one_bundle_is_active", fields=["state"], condition=Q(state=BundleStanding.ACTIVE)
            ),
            models.UniqueConstraint(
                name="one_bundle_runs_in_the_shadow", fields=["state"], condition=Q(state=BundleStanding.SHADOW)
            ),
        ]


class BundleChange(Row):
    """How a bundle came to stand where it stands: who answers for it, and why. Never taken back.

    ``account_id`` is who said so, None where it was Chiron itself (drift). ``words`` opens to {person, reason}.
    """

    grants: ClassVar = Grants.APPEND_ONLY

    bundle = operational(models.ForeignKey(BundleState, models.PROTECT, related_name="+", db_index=False))
    version = operational(models.IntegerField())
    state = operational(models.CharField(max_length=13, choices=BundleStanding))
    account_id = operational(models.UUIDField(null=True))
    at = operational(models.DateTimeField())
    words = personal(SealedField())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="a_bundle_changes_once_a_version", fields=["bundle", "version"])
        ]


class Prevalence(Row):
    """How common the deficiency is among those whom the organization screens, and how it knows; the newest counts."""

    grants: ClassVar = Grants.APPEND_ONLY

    share = operational(models.FloatField())
    source = operational(models.CharField(max_length=300))
    account_id = operational(models.UUIDField(null=True))
    at = operational(models.DateTimeField())

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="a_prevalence_is_a_share", condition=Q(share__gt=0, share__lt=1))
        ]


class Drift(Row):
    """How far those who were screened by a bundle in four weeks are from those it was trained on, judged once a week.

    ``week`` is the Monday of the judgement in UTC; ``indices`` are the population stability index of each column, of
    enough rows only.
    """

    grants: ClassVar = Grants.APPEND_ONLY

    bundle_hash = operational(models.CharField(max_length=64))
    week = operational(models.DateField())
    rows = operational(models.IntegerField())
    verdict = operational(models.CharField(max_length=8, choices=[(each.value, each.value) for each in Verdict]))
    indices = operational(models.JSONField(default=dict))
    at = operational(models.DateTimeField())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="a_bundle_drifts_once_a_week", fields=["week", "bundle_hash"]),
        ]

    @property
    def worst(self) -> float:
        """The largest index; 0 where nothing was judged."""
        return max(self.indices.values(), default=0.0)


class OptOut(Row):
    """A patient about whom no model is asked, for as long as this row is there. Who comes back has none."""

    grants: ClassVar = Grants.FULL
    erasure_deletes: ClassVar = True

    patient = operational(models.OneToOneField("registry.Patient", models.PROTECT, related_name="+"))
    since = operational(models.DateTimeField())
    said_by = operational(models.UUIDField(null=True))

    patient_id: UUID


class Batch(Versioned):
    """A file of blood counts, classified row by row on behalf of a member, as far as the policy lets them.

    Of its ``rows``, ``done`` were looked at: each was classified, abstained from, or refused with reasons. The file is
    sealed for the organization, in UTF-8, and is erased with the last row. ``delimiter`` and ``decimal`` are what was
    said of it, or nothing.
    """

    grants: ClassVar = Grants.READ_WRITE

    file = operational(models.OneToOneField("files.File", models.PROTECT, related_name="+"))
    laboratory = operational(
        models.ForeignKey("registry.Laboratory", models.PROTECT, null=True, related_name="+", db_index=False)
    )
    made_by = operational(models.UUIDField(null=True))
    membership_id = operational(models.UUIDField())
    made_at = operational(models.DateTimeField())
    mode = operational(models.CharField(max_length=8, choices=Mode))
    state = operational(models.CharField(max_length=8, choices=BatchState, default=BatchState.RUNNING))
    failure = operational(models.CharField(max_length=40, default="", blank=True))
    delimiter = operational(models.CharField(max_length=9, choices=Delimiter, default="", blank=True))
    decimal = operational(models.CharField(max_length=5, choices=DecimalMark, default="", blank=True))
    rows = operational(models.PositiveIntegerField())
    done = operational(models.PositiveIntegerField(default=0))
    classified = operational(models.PositiveIntegerField(default=0))
    abstained = operational(models.PositiveIntegerField(default=0))
    refused = operational(models.PositiveIntegerField(default=0))
    finished_at = operational(models.DateTimeField(null=True))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="every_row_of_a_batch_came_to_something",
                condition=Q(done=F("classified") + F("abstained") + F("refused"), done__lte=F("rows")),
            ),
            models.CheckConstraint(
                name="a_batch_runs_until_it_is_finished",
                condition=Q(state=BatchState.RUNNING) ^ Q(finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_finished_batch_has_done_all_rows", condition=~Q(state=BatchState.FINISHED) | Q(done=F("rows"))
            ),
        ]
        indexes: ClassVar = [models.Index("laboratory", F("id").desc(), name="batches_of_a_laboratory")]

    file_id: UUID
    laboratory_id: UUID | None


class BatchRow(Row):
    """What one line of a batch came to: a screening, or ``errors`` as [field, reason], which repeat nothing it said."""

    grants: ClassVar = Grants.APPEND_ONLY

    batch = operational(models.ForeignKey(Batch, models.PROTECT, related_name="+", db_index=False))
    line = operational(models.PositiveIntegerField())
    screening = operational(models.OneToOneField("screening.Screening", models.PROTECT, null=True, related_name="+"))
    errors = operational(models.JSONField(default=list))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="a_line_of_a_batch_is_done_once", fields=["batch", "line"]),
            models.CheckConstraint(name="a_line_is_screened_or_refused", condition=Q(screening=None) ^ Q(errors=[])),
        ]

    screening_id: UUID | None
