"""Addresses to which nothing more is mailed, since their servers or their owners have said so (REM-08).

Kept as the keyed digest by which an address is found, never in clear. What somebody asks for at this moment, as a code
for another password, is mailed all the same: it harms nobody, and whoever lost a password has no other way back.
"""

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from chiron.audit.public import record_platform
from chiron.identity.email import email_index
from chiron.identity.models import Membership, SuppressedAddress
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.errors import NotFound, NotSignedIn
from chiron.kernel.ids import NIL
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery

Reason = SuppressedAddress.Reason


@dataclass(frozen=True, slots=True)
class Said:
    """What a carrier of mail said of an address, and when."""

    address: str
    reason: Reason
    at: datetime


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A member whose address is suppressed."""

    membership: Membership
    row: SuppressedAddress


def must_be_the_carrier(authorization: str | None) -> None:
    """Whoever tells us of addresses shows `MAIL_EVENTS_TOKEN`: as a bearer, or as the password of a URL.

    Raises NotFound where no token is set, NotSignedIn for another one.
    """
    if not settings.MAIL_EVENTS_TOKEN:
        raise NotFound
    scheme, _, shown = (authorization or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            shown = base64.b64decode(shown, validate=True).decode().partition(":")[2]
        except ValueError:
            raise NotSignedIn from None
    if not hmac.compare_digest(shown.encode(), settings.MAIL_EVENTS_TOKEN.encode()):
        raise NotSignedIn


def suppress(*, by: Caller, said: list[Said], now: datetime) -> int:
    """Mail nothing more to these addresses; answers how many of them were mailed to until now.

    What is told twice changes nothing, and what was said before staff lifted a suppression does not bring it back.
    """
    with atomic(ACCOUNTS):
        taken = sum(_suppress(each, now) for each in sorted(said, key=lambda each: email_index(each.address)))
        if taken:
            record_platform(by, "mail.suppressed", resource="suppressions", payload={"addresses": taken})
    return taken


def _suppress(said: Said, now: datetime) -> bool:
    index, at = email_index(said.address), min(said.at, now)
    known, made = SuppressedAddress.objects.get_or_create(index=index, defaults={"reason": said.reason, "at": at})
    if made:
        return True
    lifted = SuppressedAddress.objects.filter(id=known.id, lifted_at__lt=at)
    return lifted.update(reason=said.reason, at=at, lifted_at=None) == 1


def suppression_of(address: str) -> str:
    """Why nothing is mailed to that address; empty where it is."""
    reasons = SuppressedAddress.objects.filter(index=email_index(address), lifted_at=None)
    return str(reasons.values_list("reason", flat=True).first() or "")


def list_suppressed(by: Caller, query: PageQuery) -> Page[Suppressed]:
    """The members of the caller's organization to whom nothing is mailed, and why."""
    by.scope("suppressions", "read")
    standing = SuppressedAddress.objects.filter(lifted_at=None)
    found = page(_members(by).filter(Exists(standing.filter(index=OuterRef("account__email_index")))), query)
    rows = {bytes(each.index): each for each in standing.filter(index__in=[_index(each) for each in found.rows])}
    with atomic(ACCOUNTS):
        record_platform(by, "suppression.listed", resource="suppressions")
    return Page([Suppressed(each, rows[_index(each)]) for each in found.rows], found.next)


def lift(*, by: Caller, address: str, now: datetime) -> None:
    """Mail to that member's address again. Raises NotFound where no member has it, or nothing suppresses it."""
    by.scope("suppressions", "delete")
    index = email_index(address)
    with atomic(ACCOUNTS):
        standing = SuppressedAddress.objects.filter(index=index, lifted_at=None)
        if not _members(by).filter(account__email_index=index).exists() or not standing.update(lifted_at=now):
            raise NotFound
        record_platform(by, "suppression.lifted", resource="suppressions")


def _members(by: Caller) -> "QuerySet[Membership]":
    members = Membership.objects.select_related("account", "organization")
    return members.filter(organization_id=by.organization_id or NIL)


def _index(member: Membership) -> bytes:
    return bytes(member.account.email_index or b"")
