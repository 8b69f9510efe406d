"""Telling accounts that something happened: rows that commit with the change, never without it."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from chiron.jobs.public import enqueue
from chiron.notifications import tasks
from chiron.notifications.kinds import ALWAYS, Channel, Kind, is_on
from chiron.notifications.models import Delivery, Notification, Preference, QuietHours
from chiron.notifications.numbering import number_at_last
from chiron.notifications.rules import after_quiet_hours

Wanted = dict[tuple[UUID, str], bool]


def notify(
    *,
    kind: Kind,
    to: Iterable[UUID],
    resource: str,
    resource_id: UUID,
    channels: Collection[Channel] = tuple(Channel),
    now: datetime,
) -> None:
    """Tell accounts that something happened: rows that commit with the change, never without it.

    To be called in the organization's transaction by a verb that has checked what it does; an account that is named
    twice is told once, on those of the ``channels`` that it wants.
    Nothing is kept of what happened but the id of the object, whose door decides who reads more.
    Raises NoOrganization.
    """
    accounts = sorted(set(to))
    if not accounts:
        return
    number_at_last()
    wanted = _preferences(kind, accounts)
    told = [
        Notification(
            account_id=each, kind=kind, resource=resource, resource_id=resource_id, at=now,
            read_at=None if Channel.APP in channels and _wants(wanted, each, kind, Channel.APP) else now,
        )
        for each in accounts
    ]  # fmt: skip
    Notification.objects.bulk_create(told)
    if Channel.EMAIL in channels:
        _mail([each for each in told if _wants(wanted, each.account_id, kind, Channel.EMAIL)], now)


def _mail(told: list[Notification], now: datetime) -> None:
    if not told:
        return
    quiet = {each.account_id: each for each in QuietHours.objects.filter(account_id__in=[t.account_id for t in told])}
    deliveries = Delivery.objects.bulk_create(
        Delivery(notification=each, channel=Channel.EMAIL, not_before=_not_before(quiet.get(each.account_id), now))
        for each in told
    )
    for each in deliveries:
        enqueue(tasks.send_delivery, due=each.not_before, delivery_id=each.id)


def _not_before(quiet: QuietHours | None, now: datetime) -> datetime:
    return after_quiet_hours(now, quiet.begin, quiet.end, quiet.time_zone) if quiet else now


def _preferences(kind: Kind, accounts: list[UUID]) -> Wanted:
    if kind in ALWAYS:
        return {}
    said = Preference.objects.filter(account_id__in=accounts, kind=kind)
    return {(account, channel): on for account, channel, on in said.values_list("account_id", "channel", "on")}


def _wants(wanted: Wanted, account_id: UUID, kind: Kind, channel: Channel) -> bool:
    return wanted.get((account_id, channel), is_on(kind, channel))
