"""Limits on how often an address, an account or an organization may call what guesses or fills.

A limit of L calls in a period is an allowance that is spent call by call and grows back evenly (the generic cell rate
algorithm): one timestamp, moved by one upsert, so that of any number of concurrent calls at one moment exactly L pass.
Rows hold keyed digests, no address. Ordinary calls are not limited here: it would cost each a message to the database.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from chiron.identity import lockouts
from chiron.identity.digests import digest_of
from chiron.identity.models import Allowance
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, cursor
from chiron.kernel.errors import TooManyRequests

SPEND = """
INSERT INTO identity_allowance AS known (id, full_at) VALUES (%(id)s, %(now)s + %(each)s)
ON CONFLICT (id) DO UPDATE SET full_at = GREATEST(known.full_at, %(now)s) + %(each)s
WHERE GREATEST(known.full_at, %(now)s) + %(each)s <= %(now)s + %(period)s
RETURNING full_at
"""
LOCKING = frozenset({"secrets"})
"""Groups in which a call that fails counts as a guess at the caller's own password or code."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls in so many seconds."""

    calls: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands with one limit, in the words of the IETF's draft on RateLimit header fields."""

    policy: str
    rate: Rate
    allowed: bool
    remaining: int
    seconds: int

    def headers(self) -> dict[str, str]:
        """`RateLimit-Policy` and `RateLimit`."""
        quota = f'"{self.policy}";q={self.rate.calls};w={self.rate.seconds}'
        return {"RateLimit-Policy": quota, "RateLimit": f'"{self.policy}";r={self.remaining};t={self.seconds}'}


@dataclass(frozen=True, slots=True)
class Admission:
    """A call within its limits. ``standing`` is where its caller stands, ``lock`` what it may be guessing at."""

    standing: Standing | None
    lock: str | None


USUAL = {
    "sign-in.address": Rate(60, 60),
    "code.address": Rate(30, 60),
    "refresh.address": Rate(600, 60),
    "register.address": Rate(20, 3600),
    "register.organization": Rate(500, 3600),
    "secrets.account": Rate(30, 3600),
    "reset.address": Rate(20, 3600),
    "reset.mailbox": Rate(3, 3600),
    "feed.address": Rate(600, 60),
}


def admit(group: str, *, by: Caller, now: datetime) -> Admission:
    """Count one call against every limit of the group. Raises TooManyRequests, LockedOut."""
    whose = {"address": network_of(by.address), "account": by.account_id, "organization": by.organization_id}
    standing = None
    for kind, key in whose.items():
        if key is not None and f"{group}.{kind}" in USUAL:
            standing = take(f"{group}.{kind}", key, now)
    lock = f"{group} of {by.account_id}" if group in LOCKING else None
    if lock:
        lockouts.attempt(lock, now=now)
    return Admission(standing, lock)


def settle(admission: Admission, response: Any) -> None:
    """Tell the caller where they stand; a call that succeeded was no guess."""
    if admission.standing:
        for name, value in admission.standing.headers().items():
            response.headers[name] = value
    if admission.lock and response.status_code < 400:
        lockouts.forgive(admission.lock)


def take(limit: str, key: object, now: datetime) -> Standing:
    """Count one call. Raises TooManyRequests where the allowance is spent, which costs nothing more of it."""
    standing = spend(limit, rates()[limit], key, now)
    if not standing.allowed:
        raise TooManyRequests(retry_after=standing.seconds, headers=standing.headers())
    return standing


def spend(limit: str, rate: Rate, key: object, now: datetime) -> Standing:
    """Spend one call of the allowance, if there is one."""
    id, period = digest_of(f"limit {limit}", key), timedelta(seconds=rate.seconds)
    each = period // rate.calls
    with cursor(ACCOUNTS) as counting:
        said: dict[str, Any] = {"id": id, "now": now, "each": each, "period": period}
        counting.execute(SPEND, said)
        row = counting.fetchone()
    policy = limit.replace(".", "-")
    if row is None:
        full_at = Allowance.objects.values_list("full_at", flat=True).get(id=id)
        return Standing(policy, rate, False, 0, max(1, ceil((full_at + each - period - now).total_seconds())))
    [full_at] = row
    return Standing(policy, rate, True, (now + period - full_at) // each, ceil((full_at - now).total_seconds()))


def network_of(address: str) -> str:
    """Whom an address stands for: IPv6 is given out in networks of 64 bits, so one guest has them all."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address


def rates() -> dict[str, Rate]:
    """The usual limits, with those that `RATE_LIMITS` sets otherwise. Raises ImproperlyConfigured."""
    return _read(settings.RATE_LIMITS)


@lru_cache(maxsize=4)
def _read(text: str) -> dict[str, Rate]:
    found = dict(USUAL)
    for each in filter(None, (part.strip() for part in text.split(","))):
        name, _, said = each.partition("=")
        calls, _, seconds = said.partition("/")
        if name not in USUAL or not (calls.isdecimal() and seconds.isdecimal() and int(calls) and int(seconds)):
            raise ImproperlyConfigured(f"RATE_LIMITS: {name} is no limit, or not said as calls/seconds.")
        found[name] = Rate(int(calls), int(seconds))
    return found
