"""When patients are reminded: rules of an organization, said by its admins; and what has become of reminders."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, refusing
from chiron.kernel.errors import NotFound
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import expect
from chiron.notifications.public import Delivery, Kind
from chiron.scheduling.errors import ReminderRuleExists
from chiron.scheduling.models import AppointmentType, Reminder, ReminderRule
from chiron.scheduling.words import Late, Reckoning

RESOURCE = "reminder-rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSaid:
    """A rule as somebody states it; see `ReminderRule`."""

    type_id: UUID | None = None
    minutes_before: int
    reckoning: Reckoning = Reckoning.ELAPSED
    channel: str = "email"
    late: Late = Late.SEND


def list_rules(by: Caller, query: PageQuery) -> Page[ReminderRule]:
    """A page of the rules, the newest first."""
    by.scope(RESOURCE, "read")
    return page(ReminderRule.objects.select_related("type"), query)


def read_rule(by: Caller, rule_id: UUID, action: str = "read") -> ReminderRule:
    """The door to one rule. Raises NotFound."""
    by.scope(RESOURCE, action)
    rule = ReminderRule.objects.filter(id=rule_id).first()
    if rule is None:
        raise NotFound
    return rule


def save_rule(*, by: Caller, rule_id: UUID | None, said: RuleSaid, if_match: int | None, now: datetime) -> ReminderRule:
    """A new rule, or an old one said anew; it holds for what is booked or moved from now on.

    Raises NotFound, for a type, too, StaleVersion, ReminderRuleExists.
    """
    rule = read_rule(by, rule_id, "update") if rule_id else ReminderRule(recorded_at=now, version=0)
    if rule_id:
        expect(rule, if_match)
    else:
        by.scope(RESOURCE, "create")
    if said.type_id and not AppointmentType.objects.filter(id=said.type_id).exists():
        raise NotFound
    for name, value in asdict(said).items():
        setattr(rule, name, value)
    rule.version, rule.updated_at = rule.version + 1, now
    with refusing(CLINICAL, one_reminder_rule_of_a_kind=ReminderRuleExists):
        rule.save()
    audit.record(by, "reminder_rule.saved", resource=RESOURCE, resource_id=rule.id)
    return rule


def remove_rule(*, by: Caller, rule_id: UUID, if_match: int | None = None) -> None:
    """Nobody is reminded by this rule who books from now on; who was promised it still is.

    Raises NotFound, StaleVersion.
    """
    rule = read_rule(by, rule_id, "delete")
    expect(rule, if_match)
    rule.delete()
    audit.record(by, "reminder_rule.removed", resource=RESOURCE, resource_id=rule_id)


def list_reminders(by: Caller, query: PageQuery, *, state: str | None = None) -> "Page[Any]":
    """A page of reminders, the newest first, each with what became of its mail (``mail``, ``mail_reason``)."""
    by.scope("reminders", "read")
    mails = Delivery.objects.filter(
        notification__kind=Kind.REMINDER, notification__resource_id=OuterRef("appointment_id"),
        notification__at=OuterRef("settled_at"),
    )  # fmt: skip
    rows: QuerySet[Any] = Reminder.objects.annotate(
        mail=Subquery(mails.values("state")[:1]), mail_reason=Subquery(mails.values("reason")[:1])
    )
    found: Page[Any] = page(rows.filter(state=state) if state else rows, query)
    subjects = [each.patient_id for each in found.rows]
    audit.record(by, "reminder.listed", resource="reminders", subjects=subjects)
    return found
