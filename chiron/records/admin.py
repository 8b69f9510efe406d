"""The administration of records: what was stated about patients, its versions, and the remarks on it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django import forms
from django.contrib import admin
from django.template.defaultfilters import filesizeformat

from chiron.kernel.access import Caller
from chiron.kernel.cells import Table, Tag, short
from chiron.kernel.forms import Act, Dressed, choices, shaped
from chiron.kernel.ids import NIL
from chiron.kernel.pages import Listed, Page, Shown, may
from chiron.kernel.schemas import PageQuery
from chiron.records import admin_attachments, admin_ranges, queries
from chiron.records.attachments import list_attachments
from chiron.records.entries import Quantity, ReferenceRange, Statement
from chiron.records.models import Record
from chiron.records.sealing import Stated, quantity_of, statement_of
from chiron.records.services.annotate import annotate
from chiron.records.services.write import amend_record, enter_in_error
from chiron.records.shapes import NewAnnotation, RecordChanges, RecordQuery
from chiron.records.signatures import read_signature
from chiron.records.words import Precision, RecordType, Status, Verdict, Visibility
from chiron.registry.public import patient_link, patient_names, provider_names
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safe

STATES = {Status.ACTIVE: Tag("active", "good"), Status.ENTERED_IN_ERROR: Tag("entered in error", "bad")}


WIRE = {"since": "from", "until": "to"}


class SeekRecord(Dressed):
    patient = forms.UUIDField(required=False)
    type = forms.ChoiceField(choices=choices(RecordType.choices), required=False)
    status = forms.ChoiceField(choices=Status.choices, required=False)
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(format="%Y-%m-%d"))
    until = forms.DateField(required=False, label="Until", widget=forms.DateInput(format="%Y-%m-%d"))


class Amend(Act):
    slug, label, need = "edit", "Amend the record", ("records", "update")

    title = forms.CharField(max_length=300)
    description = forms.CharField(max_length=50_000, required=False, widget=forms.Textarea, strip=False)
    clinical_status = forms.CharField(max_length=64, required=False)
    reason = forms.CharField(max_length=2_000, required=False, help_text="Why it is said anew; kept with the version.")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        stated = self._stated(looked_at)
        names = ("title", "description", "clinical_status")
        return {name: getattr(stated.statement, name) for name in names} | {"version": stated.record.version}

    def perform(self, now: datetime) -> UUID:
        said = shaped(RecordChanges, self.changed())
        amend_record(
            by=self.by, record=self.record, changes=said.said(), if_match=self.cleaned_data["version"],
            reason=said.reason, now=now,
        )  # fmt: skip
        return self.row_id

    def _stated(self, looked_at: bool) -> Stated:
        if looked_at:
            return queries.read_record(self.by, self.row_id)
        self.record = record = queries.record_for(self.by, self.row_id, "update")
        return Stated(record, statement_of(record, patient_safe(current_organization_id(), record.patient_id)))


class Annotate(Act):
    slug, label, need = "annotate", "Annotate", ("annotations", "create")

    content = forms.CharField(max_length=20_000, widget=forms.Textarea)
    visibility = forms.ChoiceField(choices=Visibility.choices, initial=Visibility.CARE_TEAM)

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        self.record = queries.record_for(self.by, self.row_id, "create", resource="annotations")
        return {}

    def perform(self, now: datetime) -> UUID:
        said = shaped(NewAnnotation, {name: self.cleaned_data[name] for name in ("content", "visibility")})
        annotate(by=self.by, record=self.record, content=said.content, visibility=said.visibility, now=now)
        return self.row_id


class Withdraw(Act):
    slug, label, need, grave = "withdraw", "Mark as entered in error", ("records", "delete"), True

    reason = forms.CharField(max_length=2_000, help_text="The record and its versions are kept, and no longer listed.")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        self.record = queries.record_for(self.by, self.row_id, "delete")
        return {"version": self.record.version}

    def perform(self, now: datetime) -> UUID:
        said = self.cleaned_data
        enter_in_error(by=self.by, record=self.record, if_match=said["version"], reason=said["reason"], now=now)
        return self.row_id


@admin.register(Record)
class RecordPage(Page):
    resource, id_name = "records", "record_id"
    title, group, icon, place = "Records", "Records", "clinical_notes", 20
    heads = ("When", "Patient", "Type", "Title", "Value", "State")
    seek = SeekRecord
    acts = (Amend, Annotate, Withdraw)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        said = {WIRE.get(name, name): str(value) for name, value in asked.items() if value}
        filters = shaped(RecordQuery, said).filters()
        found, cursor = queries.list_records(by, filters, query)
        names = patient_names(by, [record.patient_id for record, _ in found])
        rows = [
            (record.timeline_at, patient_link(record.patient_id, names), Tag(RecordType(record.record_type).label),
             self.link(text.title, record.id), measured(quantity_of(record)), STATES[Status(record.status)])
            for record, text in found
        ]  # fmt: skip
        return Listed(rows, cursor)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        stated = queries.read_record(by, row_id)
        tables = [versions(by, stated.record)]
        if may(by, "annotations", "read"):
            tables.append(annotations(by, stated.record))
        if may(by, "attachments", "read"):
            tables.append(attached(by, stated.record))
        content = stated.statement.content
        document = orjson.dumps(orjson.loads(content), option=orjson.OPT_INDENT_2).decode() if content else ""
        withdrawn = stated.record.status == Status.ENTERED_IN_ERROR
        closed = (Amend.slug, Withdraw.slug) if withdrawn else (Amend.slug,) if stated.record.signed_at else ()
        return Shown(f"Record {short(row_id)}", facts_of(by, stated), tables, document=document, closed=closed)


def facts_of(by: Caller, stated: Stated) -> list[tuple[str, Any]]:
    """All that a record says, and who says so."""
    record, said = stated.record, stated.statement
    author = provider_names(by, [record.author_provider_id])
    return [
        ("Patient", patient_link(record.patient_id, patient_names(by, [record.patient_id]))),
        ("Title", said.title),
        ("Type", said.record_type.label),
        ("State", STATES[Status(record.status)]),
        ("Happened", happened(said)),
        ("Sensitive", ", ".join(label.label for label in said.labels)),
        ("Signed", signed(by, record)),
        ("Clinical status", said.clinical_status),
        ("Value", measured(said.quantity)),
        ("Usual", usual(said.reference_range)),
        ("Codes", "\n".join(f"{code.code} {code.display}" for code in said.codes)),
        ("Description", said.description),
        ("Author", next(iter(author.values()), None) or record.author_account),
        ("Recorded", record.recorded_at),
        ("Changed", record.updated_at),
        ("Version", record.version),
        ("Id", str(record.id)),
    ]


def happened(said: Statement) -> datetime | str | None:
    """When it was, as exactly as it is known; a day, month or year begins in UTC, wherever the organization is."""
    if said.occurred_at is None or said.occurred_precision is Precision.INSTANT:
        return said.occurred_at
    length = {Precision.YEAR: 4, Precision.MONTH: 7}.get(said.occurred_precision, 10)
    return said.occurred_at.astimezone(UTC).date().isoformat()[:length]


def versions(by: Caller, record: Record) -> Table:
    """What the record said before."""
    found, _ = queries.list_versions(by, record, PageQuery())
    rows = [
        (
            each.version,
            each.changed_at,
            each.statement.title,
            shortened(each.statement),
            each.reason,
            STATES[each.status],
        )
        for each in found
    ]
    return Table(("Version", "Since", "Title", "Description", "Reason", "State"), rows, "Versions")


def annotations(by: Caller, record: Record) -> Table:
    """The remarks on the record."""
    found, _ = queries.list_annotations(by, record, PageQuery())
    names = provider_names(by, [each.annotation.author_provider_id for each in found])
    rows = [
        (
            each.annotation.recorded_at,
            names.get(each.annotation.author_provider_id or NIL) or each.annotation.author_account,
            each.content,
            Tag(each.annotation.visibility),
        )
        for each in found
    ]
    return Table(("When", "Author", "Remark", "For"), rows, "Annotations")


def attached(by: Caller, record: Record) -> Table:
    """The files on the record; their content is served by the API."""
    found, _ = list_attachments(by, record, PageQuery())
    rows = [
        (each.name, each.manifest.content_type, filesizeformat(each.manifest.size), each.attachment.recorded_at)
        for each in found
    ]
    return Table(("Name", "Kind", "Size", "Added"), rows, "Attachments")


def signed(by: Caller, record: Record) -> Tag | None:
    """Whether what is stored is what was signed, where somebody signed it."""
    if record.signed_at is None:
        return None
    verdict = read_signature(by, record).verdict
    return Tag(verdict.label, "good" if verdict is Verdict.INTACT else "bad")


def shortened(statement: Statement) -> str:
    """The beginning of a description."""
    text = statement.description
    return text if len(text) <= 200 else f"{text[:200]}…"


def measured(quantity: Quantity | None) -> str | None:
    """A value with its unit."""
    return f"{quantity.value.normalize():f} {quantity.unit or quantity.code}".strip() if quantity else None


def usual(known: ReferenceRange | None) -> str | None:
    """A reference range."""
    if known is None:
        return None
    low, high = ("" if end is None else f"{end.normalize():f}" for end in (known.low, known.high))
    return f"{low}–{high}"


__all__ = ["admin_attachments", "admin_ranges"]
