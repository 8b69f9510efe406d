"""Saying what one wants to be told of, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, take_turns
from chiron.kernel.errors import NotPermitted
from chiron.notifications.errors import KindNotMutable
from chiron.notifications.kinds import ALWAYS, Channel, Kind
from chiron.notifications.models import Preference, QuietHours
from chiron.tenancy.public import current_organization_id

Wishes = Mapping[tuple[Kind, Channel], bool]


@dataclass(frozen=True, slots=True)
class Quiet:
    """From one wall time to another of a zone, over midnight too."""

    begin: time
    end: time
    time_zone: str


def prefer(*, by: Caller, wishes: Wishes, quiet: Quiet | None) -> None:
    """From now on the caller is told of these kinds on these channels or not, and of the rest as everybody is.

    What is on its way already stays so. Raises KindNotMutable for turning off what nobody can turn off.
    """
    by.scope("notification-preferences", "update")
    if by.account_id is None:
        raise NotPermitted
    muted = sorted({kind for (kind, _), on in wishes.items() if kind in ALWAYS and not on})
    if muted:
        raise KindNotMutable(kinds=muted)
    take_turns(CLINICAL, f"preferences {current_organization_id()} {by.account_id}")
    _replace(by.account_id, {pair: on for pair, on in wishes.items() if pair[0] not in ALWAYS}, quiet)
    audit.record(by, "notification.preferred", resource="notification-preferences")


def _replace(account_id: UUID, wishes: Wishes, quiet: Quiet | None) -> None:
    Preference.objects.filter(account_id=account_id).delete()
    Preference.objects.bulk_create(
        Preference(account_id=account_id, kind=kind, channel=channel, on=on) for (kind, channel), on in wishes.items()
    )
    QuietHours.objects.filter(account_id=account_id).delete()
    if quiet is not None:
        QuietHours(account_id=account_id, begin=quiet.begin, end=quiet.end, time_zone=quiet.time_zone).save(
            force_insert=True
        )


def stop_mail(*, by: Caller, kind: Kind) -> None:
    """The caller gets no more mail of that kind. Nothing changes for a kind that nobody can turn off."""
    by.scope("notification-preferences", "update")
    if by.account_id is None:
        raise NotPermitted
    if kind in ALWAYS:
        return
    take_turns(CLINICAL, f"preferences {current_organization_id()} {by.account_id}")
    Preference.objects.update_or_create(
        account_id=by.account_id, kind=kind, channel=Channel.EMAIL, defaults={"on": False}
    )
    audit.record(by, "notification.preferred", resource="notification-preferences")
