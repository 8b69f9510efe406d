"""The trail, to be looked at: an organization's by who answers for it, the platform's by its operator."""

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from typing_extensions import override

from chiron.audit.hooks import Hooks
from chiron.audit.models import Event, Outcome
from chiron.audit.queries import Wanted, read_event, read_platform_event, read_platform_trail, read_trail
from chiron.kernel.access import Caller
from chiron.kernel.cells import Link, Table, Tag, short
from chiron.kernel.forms import Dressed, Moment, choices
from chiron.kernel.pages import Listed, Page, Shown
from chiron.kernel.schemas import PageQuery

TONES = {Outcome.SUCCESS: "plain", Outcome.DENIED: "bad", Outcome.FAILURE: "warn"}
SOURCES = [("organization", "This organization"), ("platform", "Sign-ins and memberships")]


class SeekEvent(Dressed):
    source = forms.ChoiceField(choices=SOURCES, required=False)
    action = forms.CharField(required=False, max_length=100)
    outcome = forms.ChoiceField(choices=choices(Outcome.choices), required=False)
    account_id = forms.UUIDField(required=False, label="Account")
    patient_id = forms.UUIDField(required=False, label="Patient")
    since = Moment(required=False, label="From")
    until = Moment(required=False, label="Until")


@admin.register(Event)
class EventPage(Page):
    resource, id_name = "audit", "event_id"
    title, group, icon, place = "Audit", "Oversight", "policy", 31
    heads = ("When", "Action", "Outcome", "Account", "Roles", "About", "Patients")
    seek = SeekEvent

    @override
    def resource_of(self, by: Caller) -> str:
        return "platform-audit" if by.operator else self.resource

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        if by.operator:
            platform = read_platform_trail(by, query)
            return Listed([self._row(each, each.account_id) for each in platform.rows], platform.next)
        found = read_trail(by, Wanted(**{name: value for name, value in asked.items() if value}), query)
        names = Hooks.account_names(by, [each.event.account_id for each in found.rows])
        rows = [self._row(each.event, self._who(each.event.account_id, names)) for each in found.rows]
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        opened = read_platform_event(by, row_id) if by.operator else read_event(by, row_id)
        event, said = opened.event, opened.said
        outcome = Tag(event.outcome, TONES[Outcome(event.outcome)])
        names = {} if by.operator else Hooks.account_names(by, [event.account_id])
        facts = [
            ("When", event.at), ("Action", event.action), ("Outcome", outcome), ("Who", "".join(names.values())),
            ("Account", str(event.account_id or "")), ("Roles", ", ".join(event.roles)),
            ("Session", str(event.session_id or "")), ("Purpose", event.purpose), ("About", event.resource),
            ("Id of it", str(event.resource_id or "")), ("Request", event.request_id),
            ("Address", said.get("address")), ("Device", said.get("device")),
            ("Details", json.dumps(said["details"], ensure_ascii=False) if said.get("details") else None),
        ]  # fmt: skip
        patients = Table(("Id",), [(str(each),) for each in event.subjects], "Patients")
        return Shown(f"Event {short(row_id)}", facts, [patients])

    def _row(self, event: Event, who: Any) -> tuple[Any, ...]:
        outcome, roles = Tag(event.outcome, TONES[Outcome(event.outcome)]), ", ".join(event.roles)
        when = self.link(event.at, event.id)
        return (when, event.action, outcome, who, roles, event.resource, len(event.subjects) or None)

    def _who(self, account_id: UUID | None, names: dict[UUID, str]) -> Link | None:
        """The account's name, leading to what else it did."""
        if account_id is None:
            return None
        return Link(names.get(account_id, account_id), f"{self.address('changelist')}?account_id={account_id}")
