"""The administration of files of blood counts, and of who does not want to be screened."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin

from chiron.kernel.access import Caller
from chiron.kernel.cells import Table, Tag, short
from chiron.kernel.forms import Act
from chiron.kernel.pages import Listed, Page, Shown
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import patient_link, patient_names
from chiron.screening.models import Batch, OptOut
from chiron.screening.queries_batches import list_batches, list_errors, read_batch
from chiron.screening.services.opting import list_opt_outs, opt_out_for, read_opt_out, set_opt_out
from chiron.screening.words import BatchState

TONES = {BatchState.FINISHED: "good", BatchState.FAILED: "bad"}


@admin.register(Batch)
class BatchPage(Page):
    resource, id_name = "screening-batches", "batch_id"
    title, group, icon, place = "Files of blood counts", "Screening", "upload_file", 37
    heads = ("Sent", "State", "Rows", "Done", "Classified", "Abstained", "Refused")

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = list_batches(by, query)
        return Listed([(self.link(each.made_at, each.id), *_facts(each).values()) for each in found.rows], found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        batch = read_batch(by, row_id)
        refused = list_errors(by, row_id, PageQuery(limit=200))
        errors = [(row.line, field, why) for row in refused.rows for field, why in row.errors]
        title = "The first lines that were refused" if refused.next else "Lines that were refused"
        facts = [
            ("Sent", batch.made_at), *_facts(batch).items(), ("Mode", batch.mode), ("Ended", batch.finished_at),
            ("Why it failed", batch.failure), ("Id", str(batch.id)),
        ]  # fmt: skip
        return Shown(f"File {short(row_id)}", facts, [Table(("Line", "Field", "Why"), errors, title)] if errors else ())


def _facts(batch: Batch) -> dict[str, Any]:
    """What the list and the page of one file both say, in the order of the list."""
    numbers = {
        name.capitalize(): getattr(batch, name) for name in ("rows", "done", "classified", "abstained", "refused")
    }
    return {"State": Tag(batch.state, TONES.get(BatchState(batch.state), "warn")), **numbers}


class AddOptOut(Act):
    slug, label, need, creates = "add", "Somebody does not want to be screened", ("screening-optouts", "update"), True

    patient_id = forms.UUIDField(label="Id of the patient")

    def perform(self, now: datetime) -> None:
        set_opt_out(by=self.by, patient_id=self.cleaned_data["patient_id"], opted_out=True, now=now)
        self.done = None


class EndOptOut(Act):
    slug, label, need = "end", "May be screened again", ("screening-optouts", "update")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        opt_out_for(self.by, self.row_id, "update")
        return {}

    def perform(self, now: datetime) -> None:
        patient_id = opt_out_for(self.by, self.row_id, "update").patient_id
        set_opt_out(by=self.by, patient_id=patient_id, opted_out=False, now=now)
        self.done = None


@admin.register(OptOut)
class OptOutPage(Page):
    resource, id_name = "screening-optouts", "optout_id"
    title, group, icon, place = "Not to be screened", "Screening", "block", 38
    heads = ("Patient", "Since")
    acts = (AddOptOut, EndOptOut)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = list_opt_outs(by, query)
        names = patient_names(by, [each.patient_id for each in found.rows])
        rows = [
            (self.link(names.get(each.patient_id, short(each.patient_id)), each.id), each.since) for each in found.rows
        ]
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        patient_id = opt_out_for(by, row_id).patient_id
        stance, names = read_opt_out(by, patient_id), patient_names(by, [patient_id])
        facts = [("Patient", patient_link(patient_id, names)), ("Since", stance.since), ("Said by", stance.said_by)]
        return Shown(f"Not to be screened {short(row_id)}", facts)
