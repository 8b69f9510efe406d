"""Feeds: an address at which a calendar program finds somebody's own appointments, without signing in.

Whoever has the address reads the feed; so it is shown once, kept as a digest only, and replaced or taken back whenever
its owner likes. It says whose organization it is, which is no secret, and 256 bits that are.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_bytes
from uuid import UUID

from django.db.models import Q

from chiron.audit import public as audit
from chiron.identity.public import caller_of
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound
from chiron.kernel.ids import NIL
from chiron.scheduling.calendars import feed_of
from chiron.scheduling.models import Appointment, Feed
from chiron.scheduling.words import Status
from chiron.tenancy.public import current_organization_id, inside, organization_for_id

RESOURCE = "my-feed"
BACK = timedelta(days=30)
"""How long a feed still shows what is past."""
MOST = 2000
"""Appointments in one feed; those that are furthest ahead are left out."""
SECRET_LENGTH = 64


def make_feed(*, by: Caller, now: datetime) -> str:
    """The secret of a new feed of the caller's own appointments, in place of any older one. Raises NotPermitted."""
    by.scope(RESOURCE, "create")
    secret = urlsafe_b64encode(current_organization_id().bytes + token_bytes(32)).decode()
    kept = {"digest": _digest(secret), "made_at": now}
    feed, _ = Feed.objects.update_or_create(membership_id=by.membership_id or NIL, defaults=kept)
    audit.record(by, "feed.made", resource=RESOURCE, resource_id=feed.id)
    return secret


def own_feed(by: Caller) -> Feed | None:
    """The caller's feed, if there is one; its secret is known to nobody any more. Raises NotPermitted."""
    by.scope(RESOURCE, "read")
    return Feed.objects.filter(membership_id=by.membership_id or NIL).first()


def end_feed(*, by: Caller) -> None:
    """From now on the address of the caller's feed, if there was one, opens nothing. Raises NotPermitted."""
    by.scope(RESOURCE, "delete")
    Feed.objects.filter(membership_id=by.membership_id or NIL).delete()
    audit.record(by, "feed.ended", resource=RESOURCE)


def read_feed(secret: str, *, visitor: Caller, now: datetime) -> bytes:
    """The calendar that an address opens, for as long as its owner may see these appointments.

    Raises NotFound alike for a secret that is wrong, replaced or taken back, and for an owner who may not.
    """
    organization = organization_for_id(_organization_in(secret))
    if organization.suspended_at is not None:
        raise NotFound
    with inside(organization.id):
        feed = Feed.objects.filter(digest=_digest(secret)).first()
        owner = caller_of(feed.membership_id) if feed else None
        if feed is None or owner is None:
            raise NotFound
        by = replace(owner, request_id=visitor.request_id, address=visitor.address, device=visitor.device)
        by.scope(RESOURCE, "read")
        appointments = _own(by, now)
        subjects = sorted({each.patient_id for each in appointments})
        audit.record(by, "feed.read", resource=RESOURCE, resource_id=feed.id, subjects=subjects)
        return feed_of(appointments)


def fingerprint(content: bytes) -> str:
    """The same for the same calendar."""
    return sha256(content).hexdigest()[:32]


def _own(by: Caller, now: datetime) -> list[Appointment]:
    """The caller's own, as a patient or in the diary; not those that are only held."""
    own = Q(patient_id=by.patient_id or NIL) | Q(provider_id=by.provider_id or NIL)
    rows = Appointment.objects.filter(own, starts_at__gte=now - BACK).exclude(status=Status.HELD)
    return list(rows.order_by("starts_at", "id")[:MOST])


def _organization_in(secret: str) -> UUID:
    try:
        return UUID(bytes=urlsafe_b64decode(secret)[:16])
    except (Error, ValueError):
        raise NotFound from None


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
