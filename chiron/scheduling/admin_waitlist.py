"""The administration of the waitlist: who waits, in line, and who is first."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin

from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.cells import Tag, short
from chiron.kernel.forms import Act, Dressed, choices
from chiron.kernel.pages import Listed, Page, Shown
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import patient_link, patient_names, provider_names
from chiron.scheduling.doors import entry_for
from chiron.scheduling.models import WaitlistEntry
from chiron.scheduling.queries_waitlist import InLine, list_waitlist, read_entry
from chiron.scheduling.services.waitlist import leave, prioritize
from chiron.scheduling.words import Standing

SHADES = {Standing.WAITING: "warn", Standing.BOOKED: "good"}


class EntryAct(Act):
    def said(self, *, looked_at: bool) -> dict[str, Any]:
        entry = entry_for(self.by, self.row_id, self.need[1])
        return {"priority": entry.priority, "version": entry.version}


class Prioritize(EntryAct):
    slug, label, need = "priority", "Say who is first", ("waitlist", "prioritize")
    priority = forms.IntegerField(min_value=1, max_value=9, help_text="1 is first, 9 last.")

    def perform(self, now: datetime) -> UUID:
        said = self.cleaned_data
        version, priority = said["version"], said["priority"]
        return prioritize(by=self.by, entry_id=self.row_id, priority=priority, if_match=version, now=now).id


class Leave(EntryAct):
    slug, label, need, grave = "leave", "Take off the waitlist", ("waitlist", "leave"), True

    def perform(self, now: datetime) -> UUID:
        return leave(by=self.by, entry_id=self.row_id, if_match=self.cleaned_data["version"], now=now).id


class SeekEntry(Dressed):
    status = forms.ChoiceField(choices=choices(Standing.choices), required=False)


@admin.register(WaitlistEntry)
class WaitlistPage(Page):
    resource, id_name = "waitlist", "entry_id"
    title, group, icon, place = "Waitlist", "Appointments", "hourglass_top", 33
    heads = ("Patient", "For", "With", "Days", "Priority", "Since", "Offered", "State")
    seek = SeekEntry
    acts = (Prioritize, Leave)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        status = Standing(asked["status"]) if asked["status"] else None
        found = list_waitlist(by, query, status=status, now=clock.now())
        entries = [each.entry for each in found.rows]
        patients = patient_names(by, [each.patient_id for each in entries])
        providers = provider_names(by, [each.provider_id for each in entries])
        rows = [
            (
                self.link(patients.get(each.entry.patient_id, short(each.entry.id)), each.entry.id),
                *_facts(each, providers).values(),
            )
            for each in found.rows
        ]
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        found = read_entry(by, row_id, clock.now())
        entry = found.entry
        patient = patient_link(entry.patient_id, patient_names(by, [entry.patient_id]))
        times = ", ".join(f"{start}–{end}" for start, end in entry.times)
        facts = [
            ("Patient", patient),
            *_facts(found, provider_names(by, [entry.provider_id])).items(),
            ("Times", times or "any"),
            ("Earlier than", entry.earlier_than),
            ("Changed", entry.updated_at),
            ("Id", str(entry.id)),
        ]
        closed = () if entry.status == Standing.WAITING else (Prioritize.slug, Leave.slug)
        return Shown(f"Waiting {short(row_id)}", facts, closed=closed)


def _facts(found: InLine, providers: dict[UUID, str]) -> dict[str, Any]:
    """What the list and the page of one entry both say, in the order of the list."""
    entry = found.entry
    return {
        "For": entry.type.name if entry.type else "any appointment",
        "With": providers[entry.provider_id] if entry.provider_id else _anybody(entry),
        "Days": f"{entry.from_day} – {entry.until_day}",
        "Priority": entry.priority,
        "Since": entry.recorded_at,
        "Offered": found.offer.starts_at if found.offer else None,
        "State": Tag(entry.status, SHADES.get(Standing(entry.status), "plain")),
    }


def _anybody(entry: WaitlistEntry) -> str:
    """With any of whom somebody would come."""
    named = [entry.specialty, entry.department.name if entry.department else ""]
    return ", ".join(each for each in named if each) or "any doctor"
