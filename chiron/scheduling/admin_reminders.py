"""The administration of reminders: by which rules they go, and what became of each."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin

from chiron.kernel.access import Caller
from chiron.kernel.cells import Tag, short
from chiron.kernel.forms import Act
from chiron.kernel.pages import Listed, Page, Shown
from chiron.kernel.schemas import PageQuery
from chiron.scheduling.models import Reminder, ReminderRule
from chiron.scheduling.services import reminder_rules as rules
from chiron.scheduling.words import Late, Reckoning, Way

ANY = "any type without rules of its own"


class AddRule(Act):
    slug, label, need, creates = "add", "Add a rule", ("reminder-rules", "create"), True

    minutes_before = forms.IntegerField(min_value=1, max_value=366 * 24 * 60, initial=1440, label="Minutes before")
    reckoning = forms.ChoiceField(choices=Reckoning.choices)
    channel = forms.ChoiceField(choices=Way.choices)
    late = forms.ChoiceField(choices=Late.choices, label="Who books within that time")
    type_id = forms.UUIDField(required=False, label="Id of the appointment type", help_text=f"Empty: {ANY}.")

    def perform(self, now: datetime) -> UUID:
        said = rules.RuleSaid(**self.typed())
        return rules.save_rule(by=self.by, rule_id=None, said=said, if_match=None, now=now).id


class RemoveRule(Act):
    slug, label, need, grave = "remove", "Remove this rule", ("reminder-rules", "delete"), True

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        rules.read_rule(self.by, self.row_id, "delete")
        return {}

    def perform(self, now: datetime) -> None:
        rules.remove_rule(by=self.by, rule_id=self.row_id)
        self.done = None


@admin.register(ReminderRule)
class RulePage(Page):
    resource, id_name = "reminder-rules", "rule_id"
    title, group, icon, place = "Rules of reminders", "Appointments", "schedule_send", 34
    heads = ("Minutes before", "Type", "Reckoning", "Channel", "Booked late")
    acts = (AddRule, RemoveRule)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = rules.list_rules(by, query)
        rows = [
            (self.link(each.minutes_before, each.id), each.type.name if each.type else ANY, each.reckoning,
             each.channel, each.late)
            for each in found.rows
        ]  # fmt: skip
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        rule = rules.read_rule(by, row_id)
        facts = [
            ("Minutes before", str(rule.minutes_before)), ("Type", rule.type.name if rule.type else ANY),
            ("Reckoning", rule.reckoning), ("Channel", rule.channel), ("Booked late", rule.late),
        ]  # fmt: skip
        return Shown(f"Rule {short(row_id)}", facts)


@admin.register(Reminder)
class ReminderPage(Page):
    resource, title, group, icon, place = "reminders", "Reminders", "Appointments", "notifications_active", 35
    heads = ("Due", "Appointment", "State", "Why not", "Mail", "Why not mailed", "Answer")

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = rules.list_reminders(by, query)
        rows = [
            (each.due_at, short(each.appointment_id), Tag(each.state), each.reason, each.mail, each.mail_reason,
             each.answer)
            for each in found.rows
        ]  # fmt: skip
        return Listed(rows, found.next)
