"""Answering one blood count, and keeping what was asked and answered."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import CLINICAL
from chiron.kernel.errors import Invalid, invalid
from chiron.laboratory.public import EXAMINABLE, Specimen, specimen_for
from chiron.postgres.at_commit import insert
from chiron.registry.public import Patient, laboratories_of, laboratory_for, patient_within
from chiron.screening.answering import Answer, Question, answer
from chiron.screening.blood.indices import indices_of
from chiron.screening.blood.reading import CountRefused, Measured, read_count
from chiron.screening.errors import ModelNotValidated
from chiron.screening.models import Screening
from chiron.screening.persons import person_of
from chiron.screening.services.opting import must_not_have_opted_out
from chiron.screening.services.prevalence import prevalence_for
from chiron.screening.services.shadowing import keep_shadow
from chiron.screening.standings import answering
from chiron.screening.words import Mode
from chiron.tenancy.public import current_organization_id, organization_for_id
from chiron.vault.public import organization_safe, patient_safe


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A blood count, by analyte or LOINC code, of a patient, a specimen, or somebody unnamed.

    A specimen is of one patient, at one laboratory. See docs/how-to/screening.md.
    """

    cbc: Mapping[str, Measured]
    age: int | None = None
    sex: str | None = None
    patient_id: UUID | None = None
    laboratory_id: UUID | None = None
    specimen_id: UUID | None = None
    pregnant: bool = False
    treated_with_b12: bool = False
    mode: Mode = Mode.RESEARCH


@dataclass(frozen=True, slots=True)
class Screened:
    """A screening together with what it answers."""

    screening: Screening
    answer: Answer


def classify(*, by: Caller, asked: Asked, now: datetime) -> Screened:
    """Answer a blood count, or abstain with reasons. The same question gets the same answer, to the byte.

    Raises NotPermitted; NotFound for a patient, specimen or laboratory; OptedOut; Invalid naming the lines of the count
    that cannot be, an age or sex that is not the patient's, or what the specimen says otherwise; ModelNotValidated in
    clinical mode without an active model; NoModelAnswers; BundleMissing.
    """
    scope = by.scope("screenings", "create")
    specimen = _specimen(by, asked)
    patient = specimen.patient if specimen else None
    if asked.patient_id and not specimen:
        patient = patient_within(by, scope, asked.patient_id)
    if patient:
        must_not_have_opted_out(patient.id)
    laboratory_id = specimen.laboratory_id if specimen else _laboratory(by, scope, asked.laboratory_id)
    question = _question(asked, patient, now)
    try:
        count = read_count(asked.cbc)
    except CountRefused as refused:
        raise Invalid(errors=[{"loc": ["body", "cbc", where], "msg": why} for where, why in refused.errors]) from None
    standing = answering(asked.mode)
    if standing is None:
        raise ModelNotValidated(indices=[asdict(each) for each in indices_of(count)])
    common = prevalence_for(standing.bundle)
    question = replace(question, state=standing.state, prevalence=common.share, prevalence_source=common.source)
    said = answer(question, standing.bundle)
    row = _kept(by, said, question, patient, now)
    row.laboratory_id, row.specimen_id = laboratory_id, asked.specimen_id
    insert(row, using=CLINICAL)
    if standing.shadow:
        keep_shadow(row, question, standing.shadow)
    audit.record(
        by, "screening.classified", resource="screenings", resource_id=row.id,
        subjects=[patient.id] if patient else [],
        payload={"bundle": row.bundle_hash, "mode": row.mode, "outcome": row.outcome},
    )  # fmt: skip
    return Screened(row, said)


def _specimen(by: Caller, asked: Asked) -> Specimen | None:
    """The specimen that was counted, of whose patient and laboratory nothing else may be said."""
    if asked.specimen_id is None:
        return None
    specimen = specimen_for(by, asked.specimen_id)
    for field in ("patient_id", "laboratory_id"):
        if getattr(asked, field) not in (None, getattr(specimen, field)):
            raise invalid("is not that of the specimen", "body", field)
    if specimen.state not in EXAMINABLE:
        raise invalid("was not received, or was rejected", "body", "specimen_id")
    return specimen


def _laboratory(by: Caller, scope: Scope, laboratory_id: UUID | None) -> UUID | None:
    """The laboratory that asks: the one that is named, or the only one where the caller works."""
    if laboratory_id is not None:
        found = laboratory_for(by, laboratory_id)
        if not found.active:
            raise invalid("is not active", "body", "laboratory_id")
        return found.id
    own = laboratories_of(by) if scope is Scope.ASSIGNED else frozenset()
    return next(iter(own)) if len(own) == 1 else None


def _question(asked: Asked, patient: Patient | None, now: datetime) -> Question:
    organization = organization_for_id(current_organization_id())
    today = now.astimezone(ZoneInfo(organization.time_zone)).date()
    age, sex = person_of(patient, asked.age, asked.sex, today)
    return Question(
        cbc=asked.cbc,
        age=age,
        sex=sex,
        pregnant=asked.pregnant,
        treated_with_b12=asked.treated_with_b12,
        mode=asked.mode,
        language=organization.locale,
        prevalence=0.0,
        prevalence_source="",
    )


def _kept(by: Caller, said: Answer, question: Question, patient: Patient | None, now: datetime) -> Screening:
    """The row, not yet saved, that keeps a question and its answer."""
    found, organization_id = said.content, current_organization_id()
    row = Screening(
        patient_id=patient.id if patient else None,
        made_by=by.account_id,
        made_at=now,
        recorded_at=now,
        updated_at=now,
        mode=question.mode,
        bundle_hash=found["model"]["content_hash"],
        bundle_version=found["model"]["version"],
        outcome=said.outcome,
        result_class=found["class"] or "",
        risk_class=found["risk_class"] or "",
        p_normal=found["p_normal"],
        p_borderline=found["p_borderline"],
        p_deficient=found["p_deficient"],
        reasons=list(said.reasons),
        features=list(said.features),
        sex=question.sex,
        age=question.age,
        input_hash=found["input_hash"],
    )
    safe = patient_safe(organization_id, patient.id) if patient else organization_safe(organization_id)
    row.inputs = safe.seal(row, "inputs", question.as_kept())
    row.result = safe.seal(row, "result", said.result.decode())
    return row
