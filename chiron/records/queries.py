"""Doors and reads: nobody gets a record but within the scope that the policy gives them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Q, QuerySet

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import CLINICAL
from chiron.kernel.errors import NotFound
from chiron.kernel.ids import NIL
from chiron.kernel.pagination import Page, page_of
from chiron.kernel.pagination import page as cut
from chiron.kernel.schemas import PageQuery
from chiron.postgres.compiled import Compiled
from chiron.records.anchors import Passage
from chiron.records.entries import Statement
from chiron.records.errors import PatientNotConfirmed, PatientNotNamed
from chiron.records.models import Anchor, Annotation, Clearance, Record, RecordQuerySet, RecordVersion
from chiron.records.rules import Difference, beginning, differences, ending, state_of, statement_from
from chiron.records.sealing import Stated, Text, content_of, passage_of, statement_of, text_of
from chiron.records.words import RecordType, Status, Visibility
from chiron.registry.public import Patient, glass_broken_by, patient_within, patients_within
from chiron.tenancy.public import current_organization_id, organization_for_id
from chiron.vault.public import Safe, patient_safe, patient_safes

LATEST_FIRST = ("-timeline_at", "-id")


def records_within(by: Caller, action: str, resource: str = "records") -> RecordQuerySet:
    """The records that a caller may read, change, annotate: a queryset to narrow, never to widen."""
    match by.scope(resource, action):
        case Scope.ORGANIZATION:
            return Record.objects.filter(patient__erased_at=None)
        case scope:
            return Record.objects.filter(shown_to(by, scope), patient__in=patients_within(by, scope))


def shown_to(by: Caller, scope: Scope) -> Q:
    """Which labelled records a caller sees, of the patients within a scope.

    Patients see all of their own, an administrator all. Who cares for a patient sees those for whose labels they are
    all cleared, those they wrote, and all while the glass is broken.
    """
    if scope is not Scope.ASSIGNED:
        return Q()
    cleared = ArraySubquery(Clearance.objects.filter(provider_id=by.provider_id or NIL).values("label"))
    shown = Q(labels=[]) | Q(labels__contained_by=cleared) | Q(author_account=by.account_id or NIL)
    return shown | Q(patient__in=glass_broken_by(by))


def record_for(by: Caller, id: UUID, action: str = "read", *, resource: str = "records", lock: bool = False) -> Record:
    """The door to one record; for a change of it, or where asked, the row is locked until the transaction ends.

    `resource` is what shall be done with it: records, or annotations on it.
    Raises NotFound when there is none, or none that the caller reaches.
    """
    records = records_within(by, action, resource)
    if lock or (resource == "records" and action in CHANGES):
        records = records.select_for_update(of=("self",))
    try:
        return records.get(id=id)
    except Record.DoesNotExist:
        raise NotFound from None


CHANGES = frozenset({"update", "delete", "sign"})


def patient_to_write_about(by: Caller, patient_id: UUID | None) -> Patient:
    """The door to the patient of a new record; who may write about themselves only need not say so.

    Raises PatientNotNamed, PatientNotConfirmed, NotFound.
    """
    scope = by.scope("records", "create")
    if patient_id is None and scope is not Scope.OWN:
        raise PatientNotNamed
    if patient_id is None and by.patient_id is None:
        raise PatientNotConfirmed
    return patient_within(by, scope, patient_id or by.patient_id)


def patients_of_records(ids: Collection[UUID]) -> list[UUID]:
    """Whom these records are about, for the audit trail of an attempt at them; it says nothing to any caller."""
    return list(Record.objects.filter(id__in=ids).order_by("id").values_list("patient_id", flat=True))


@dataclass(frozen=True, slots=True)
class Filters:
    """Which part of the timeline is asked for: from `since` (included) up to `until` (not included).

    A day in place of an instant is the whole day as the organization counts days.
    """

    patient_id: UUID | None = None
    record_type: RecordType | None = None
    since: datetime | date | None = None
    until: datetime | date | None = None
    status: Status = Status.ACTIVE
    addendum_to: UUID | None = None

    def condition(self) -> Q:
        condition = Q(status=self.status)
        if self.addendum_to:
            condition &= Q(addendum_to=self.addendum_to)
        if self.patient_id:
            condition &= Q(patient=self.patient_id)
        if self.record_type:
            condition &= Q(record_type=self.record_type)
        if self.since:
            condition &= Q(timeline_at__gte=beginning(self.since, zone_for(self.since)))
        if self.until:
            condition &= Q(timeline_at__lt=ending(self.until, zone_for(self.until)))
        return condition


def zone_for(moment: datetime | date) -> ZoneInfo:
    """The zone in which to read it; for a day that is the organization's."""
    if isinstance(moment, datetime):
        return ZoneInfo("UTC")
    return ZoneInfo(organization_for_id(current_organization_id()).time_zone)


def list_records(by: Caller, filters: Filters, page: PageQuery) -> tuple[list[tuple[Record, Text]], str | None]:
    """A page of the timeline, latest first, with the text of each record; one event for all patients on it.

    Raises NotFound for a patient whom the caller does not reach.
    """
    asked = {filters.patient_id} if filters.patient_id else set()
    if filters.patient_id:
        patient_within(by, by.scope("records", "read"), filters.patient_id)
    leaf = _page(by, filters, page)
    subjects = {record.patient_id for record in leaf.rows} | asked
    safes = patient_safes(current_organization_id(), subjects)
    opened = [(record, text_of(record, safes[record.patient_id])) for record in leaf.rows]
    audit.record(by, "record.listed", resource="records", subjects=subjects)
    return opened, leaf.next


def _page(by: Caller, filters: Filters, page: PageQuery) -> Page[Record]:
    scope = by.scope("records", "read")
    if filters == Filters(filters.patient_id) and filters.patient_id and page.cursor is None:
        begin = _beginning_of_timeline(scope, page.limit)
        rows = begin(filters.patient_id, by.provider_id or NIL, by.account_id or NIL)
        return page_of(rows, page.limit, LATEST_FIRST)
    reached = Record.objects.filter(shown_to(by, scope)) if filters.patient_id else records_within(by, "read")
    return cut(reached.filter(filters.condition()).without_content(), page, order=LATEST_FIRST)


@lru_cache(maxsize=800)
def _beginning_of_timeline(scope: Scope, limit: int) -> Compiled[Record]:
    """The first page of one patient, which is what lists are mostly asked for; compiled once for each length."""

    def make(patient_id: UUID, provider_id: UUID, account_id: UUID) -> "QuerySet[Record]":
        shown = shown_to(Caller(provider_id=provider_id, account_id=account_id), scope)
        standing = Record.objects.filter(shown, Filters(patient_id).condition()).without_content()
        return standing.order_by(*LATEST_FIRST)[: limit + 1]

    return Compiled(make, takes=3, using=CLINICAL)


def read_record(by: Caller, id: UUID) -> Stated:
    """What one record says, with its original document. Raises NotFound."""
    record = record_for(by, id)
    statement = statement_of(record, patient_safe(current_organization_id(), record.patient_id))
    audit.record(by, "record.read", resource="records", resource_id=record.id, subjects=[record.patient_id])
    return Stated(record, statement)


@dataclass(frozen=True, slots=True)
class Version:
    """What a record said from `changed_at` on, who changed it, and why, where that was said."""

    version: int
    status: Status
    changed_at: datetime
    changed_by: UUID | None
    reason: str
    statement: Statement


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions, and where they differ."""

    before: int
    after: int
    differences: list[Difference]


@dataclass(frozen=True, slots=True)
class Remark:
    """An annotation, opened; `passage` are the words it quotes, None where it is about the whole record."""

    annotation: Annotation
    content: str
    passage: Passage | None = None


def list_versions(by: Caller, record: Record, page: PageQuery) -> tuple[list[Version], str | None]:
    """All versions of a record, latest first, the present one included."""
    safe = patient_safe(current_organization_id(), record.patient_id)
    leaf = cut(RecordVersion.objects.filter(record=record).defer("content"), page, order=("-version",))
    versions = [kept_version(row, safe) for row in leaf.rows]
    if record.version == 1 and not page.cursor:
        versions = [only_version(record, safe)]
    audit.record(by, "record.versions_read", resource="records", resource_id=record.id, subjects=[record.patient_id])
    return versions, leaf.next


def kept_version(row: RecordVersion, safe: Safe) -> Version:
    state = cast("dict[str, Any]", safe.open(row, "state"))
    reason = cast("str", state.pop("reason"))
    return Version(row.version, Status(row.status), row.changed_at, row.changed_by, reason, statement_from(state))


def only_version(record: Record, safe: Safe) -> Version:
    """A record that never changed is its own first version."""
    said = statement_of(record, safe)
    return Version(1, Status(record.status), record.recorded_at, record.changed_by, text_of(record, safe).reason, said)


def said_in(record: Record, version: int, safe: Safe) -> Statement:
    """What a version of a record said, its content included. Raises NotFound for one that there never was."""
    if version == record.version:
        return statement_of(record, safe)
    kept = RecordVersion.objects.filter(record=record, version=version).first()
    if kept is None:
        raise NotFound
    state = cast("dict[str, Any]", safe.open(kept, "state"))
    del state["reason"]
    return replace(statement_from(state), content=content_of(kept, safe))


def compare_versions(by: Caller, record: Record, before: int | None, after: int | None) -> Comparison:
    """Where two versions differ: the present one and the one before it, unless others are named. Raises NotFound."""
    after = record.version if after is None else after
    before = max(after - 1, 1) if before is None else before
    safe = patient_safe(current_organization_id(), record.patient_id)
    one, other = (_as_json(said_in(record, version, safe)) for version in (before, after))
    audit.record(by, "record.versions_read", resource="records", resource_id=record.id, subjects=[record.patient_id])
    return Comparison(before, after, list(differences(one, other)))


def _as_json(statement: Statement) -> dict[str, Any]:
    state = state_of(statement, "")
    del state["reason"]
    return state | {"content": orjson.loads(statement.content) if statement.content else None}


def list_annotations(by: Caller, record: Record, page: PageQuery) -> tuple[list[Remark], str | None]:
    """What the caller may see of the remarks on a record, latest first."""
    safe = patient_safe(current_organization_id(), record.patient_id)
    leaf = cut(Annotation.objects.filter(visible_to(by), record=record), page)
    quoted = {anchor.annotation_id: passage_of(anchor, safe) for anchor in anchors_at(annotation__in=leaf.rows)}
    opened = [
        Remark(annotation, cast("str", safe.open(annotation, "content")), quoted.get(annotation.id))
        for annotation in leaf.rows
    ]
    audit.record(by, "annotation.listed", resource="records", resource_id=record.id, subjects=[record.patient_id])
    return opened, leaf.next


def anchors_at(**which: Any) -> QuerySet[Anchor]:
    """The last anchor of each annotation, of those that are meant."""
    return Anchor.objects.filter(**which).order_by("annotation_id", "-record_version").distinct("annotation_id")


def visible_to(by: Caller) -> Q:
    """Authors see what they wrote, the care team what is not private, patients what is meant for them.

    Who reaches the whole organization (an administrator) sees everything.
    """
    match by.scope("annotations", "read"):
        case Scope.ORGANIZATION:
            return Q()
        case Scope.ASSIGNED:
            return Q(author_account=by.account_id) | ~Q(visibility=Visibility.PRIVATE)
        case _:
            return Q(author_account=by.account_id) | Q(visibility=Visibility.PATIENT)
