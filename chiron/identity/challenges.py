"""The moment between password and code: an `mfa_token` says whose password was right, and for which membership."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from struct import Struct
from uuid import UUID

from chiron.identity.errors import ChallengeRefused, OrganizationSuspended
from chiron.identity.models import Account, Membership
from chiron.identity.signed import body_of, is_ours, sign
from chiron.kernel.ids import NIL

LIFETIME = timedelta(minutes=5)
PURPOSE = "mfa token"
BODY = Struct(">16s16sQ")


@dataclass(frozen=True, slots=True)
class Challenge:
    """A sign-in that waits for a code."""

    mfa_token: str


def challenge(account: Account, membership: Membership | None, now: datetime) -> Challenge:
    """Ask for a code within five minutes. The token opens nothing by itself, and dies with the password."""
    until = int((now + LIFETIME).timestamp())
    body = BODY.pack(account.id.bytes, (membership.id if membership else NIL).bytes, until)
    return Challenge(sign(PURPOSE, body, account.password))


def challenged(token: str, now: datetime) -> tuple[Account, Membership | None]:
    """Whose password was right, and the membership chosen; an operator's is None.

    Raises ChallengeRefused for whatever is not a challenge of ours that still holds, OrganizationSuspended.
    """
    try:
        body = body_of(token, BODY.size)
    except ValueError:
        raise ChallengeRefused from None
    account_id, membership_id, until = BODY.unpack(body)
    account = Account.objects.filter(id=UUID(bytes=account_id), is_active=True).first()
    if account is None or not is_ours(PURPOSE, token, body, account.password) or until < now.timestamp():
        raise ChallengeRefused
    if membership_id == NIL.bytes:
        return account, None
    membership = Membership.objects.select_related("organization").filter(id=UUID(bytes=membership_id)).first()
    if membership is None:
        raise ChallengeRefused
    if membership.organization.suspended_at is not None:
        raise OrganizationSuspended
    return account, membership
