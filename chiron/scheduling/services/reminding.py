"""Reminding patients of appointments: asked for with every change of one, told when it is time, each once.

What is to be told stands in rows that commit with the change which asks for them, so there is none for a change that
did not happen and none is missing (REM-01, REM-03). Whoever tells locks the row, so of two schedulers one does, and
what they tell is a notification in the same transaction: killed at any moment, all of it happened or nothing.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.identity.public import accounts_of_patients
from chiron.notifications.public import Channel, Kind, notify
from chiron.scheduling.models import Appointment, Reminder, ReminderRule
from chiron.scheduling.rules import reminding_at
from chiron.scheduling.words import Late, Reminded, Status
from chiron.tenancy.public import current_organization_id

BATCH = 200
USEFUL = timedelta(minutes=15)
"""How long before an appointment a reminder that comes late still helps; half its own time where that is short."""


def plan_reminders(appointment: Appointment, now: datetime) -> None:
    """Have this version's patient reminded by the rules of its type, and withdraw what reminds of another time.

    What was told of the same time already is not told again. A reminder whose time has passed goes now, or not at all
    where its rule says so.
    """
    known = list(Reminder.objects.filter(appointment=appointment)) if appointment.version > 1 else []
    stays = appointment.status == Status.BOOKED
    _withdraw(known, "moved" if stays else appointment.status, now, but_for=appointment.starts_at if stays else None)
    if not stays or appointment.starts_at <= now:
        return
    standing = {
        (each.minutes_before, each.channel)
        for each in known
        if each.starts_at == appointment.starts_at and each.state != Reminded.WITHDRAWN
    }
    wanted = [each for each in _rules_for(appointment) if (each.minutes_before, each.channel) not in standing]
    Reminder.objects.bulk_create(_planned(appointment, each, now) for each in wanted)


def tell_due(now: datetime) -> int:
    """Tell patients what it is time to remind them of, at most a batch; answers how many reminders were settled.

    After an interruption what still helps is told, of several about one appointment only the last; the rest expires
    with its reason (REM-06). Whoever cannot be told is passed by, with the reason (REM-04).
    """
    due = list(
        Reminder.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("appointment")
        .filter(state=Reminded.WAITING, due_at__lte=now)
        .order_by("due_at", "id")[:BATCH]
    )
    accounts = accounts_of_patients(current_organization_id(), [each.patient_id for each in due])
    together: dict[tuple[UUID, datetime], list[Reminder]] = defaultdict(list)
    for each in due:
        _settle(each, now, accounts.get(each.patient_id))
        if each.state == Reminded.TOLD:
            together[each.appointment_id, each.starts_at].append(each)
    for reminders in together.values():
        _tell(reminders, accounts[reminders[0].patient_id], now)
    Reminder.objects.bulk_update(due, ["state", "reason", "settled_at"])
    return len(due)


def is_due(now: datetime) -> bool:
    """Whether it is time to remind somebody."""
    return Reminder.objects.filter(state=Reminded.WAITING, due_at__lte=now).exists()


def _rules_for(appointment: Appointment) -> list[ReminderRule]:
    rules = list(ReminderRule.objects.all())
    own = [each for each in rules if appointment.type_id and each.type_id == appointment.type_id]
    return own or [each for each in rules if each.type_id is None]


def _planned(appointment: Appointment, rule: ReminderRule, now: datetime) -> Reminder:
    due_at = reminding_at(appointment.starts_at, rule.minutes_before, rule.reckoning, ZoneInfo(appointment.zone))
    planned = Reminder(
        appointment=appointment, version=appointment.version, patient_id=appointment.patient_id, due_at=due_at,
        minutes_before=rule.minutes_before, channel=rule.channel, starts_at=appointment.starts_at,
    )  # fmt: skip
    if due_at <= now and rule.late == Late.SKIP:
        planned.state, planned.reason, planned.settled_at = Reminded.SKIPPED, "booked-late", now
    return planned


def _withdraw(known: list[Reminder], reason: str, now: datetime, *, but_for: datetime | None) -> None:
    other = [each.id for each in known if each.state == Reminded.WAITING and each.starts_at != but_for]
    if other:
        waiting = Reminder.objects.filter(id__in=other, state=Reminded.WAITING)
        waiting.update(state=Reminded.WITHDRAWN, reason=reason, settled_at=now)


def _settle(reminder: Reminder, now: datetime, account_id: UUID | None) -> None:
    """Say what becomes of one whose time has come."""
    appointment, reminder.settled_at = reminder.appointment, now
    if appointment.status != Status.BOOKED or appointment.starts_at != reminder.starts_at:
        reminder.state, reminder.reason = Reminded.WITHDRAWN, appointment.status
    elif reminder.starts_at - now < min(USEFUL, timedelta(minutes=reminder.minutes_before) / 2):
        reminder.state, reminder.reason = Reminded.EXPIRED, "too-late"
    elif account_id is None:
        reminder.state, reminder.reason = Reminded.SKIPPED, "no-account"
    else:
        reminder.state = Reminded.TOLD


def _tell(reminders: list[Reminder], account_id: UUID, now: datetime) -> None:
    """Tell of one appointment once on each channel, by the reminder that was due last."""
    last = {each.channel: each for each in sorted(reminders, key=lambda each: each.due_at)}
    for each in reminders:
        if last[each.channel] is not each:
            each.state, each.reason = Reminded.EXPIRED, "overtaken"
    channels = [Channel(each) for each in last]
    appointment_id = reminders[0].appointment_id
    notify(
        kind=Kind.REMINDER, to=[account_id], resource="appointments", resource_id=appointment_id, channels=channels,
        now=now,
    )  # fmt: skip
