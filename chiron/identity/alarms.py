"""What the owner of an account is told about its security, in each organization that it belongs to."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from chiron.identity.hooks import Hooks
from chiron.identity.models import Membership


class Alarm(IntEnum):
    """What has happened to an account; a number, because jobs carry no text. Its name is what it is about."""

    PASSWORD = 1
    MFA = 2
    EMAIL = 3
    DEVICES = 4
    SESSIONS = 5


def alarm(account_id: UUID, what: Alarm, *, about: UUID, now: datetime) -> None:
    """Have the owner told once, and only if the transaction that is open on accounts commits."""
    for organization_id in Membership.objects.filter(account=account_id).values_list("organization_id", flat=True):
        Hooks.alarmed(organization_id, account_id, what, about, now)
