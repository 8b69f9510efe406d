"""Links with which a patient answers an offer from the mail, without signing in (SCH-30).

A link says which hold, and what is answered. It is good until the offer expires, and once, since the hold is one no
more after it was answered in whatever way. Opening it changes nothing: mail scanners open everything.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from struct import Struct
from uuid import UUID

from django.conf import settings

from chiron.identity.public import signed_body, signed_link
from chiron.kernel.errors import NotFound
from chiron.scheduling.models import Appointment
from chiron.scheduling.words import Status
from chiron.tenancy.public import current_organization_id

PURPOSE = "answering an offer"
BODY = Struct(">16s16s7s")


class Reply(StrEnum):
    """What can be answered to an offer."""

    ACCEPT = "accept"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True)
class Replied:
    """What a link of ours is about."""

    organization_id: UUID
    offer_id: UUID
    reply: Reply


def reply_link(offer: Appointment, reply: Reply) -> str:
    """The address of the page on which a patient gives that answer."""
    body = BODY.pack(current_organization_id().bytes, offer.id.bytes, reply.value.encode())
    return f"{settings.PUBLIC_URL}/mail/offer/{signed_link(PURPOSE, body)}"


def replied_by(token: str) -> Replied:
    """What a link answers. Raises NotFound for whatever we did not sign."""
    body = signed_body(PURPOSE, token, BODY.size)
    if body is None:
        raise NotFound
    organization, offer, reply = BODY.unpack(body)
    return Replied(UUID(bytes=organization), UUID(bytes=offer), Reply(reply.rstrip(b"\0").decode()))


def open_offer(replied: Replied, now: datetime) -> Appointment:
    """The offer that a link answers. Raises NotFound where it was answered or has expired."""
    offers = Appointment.objects.filter(status=Status.HELD, held_until__gt=now, offered_to__isnull=False)
    offer = offers.filter(id=replied.offer_id).first()
    if offer is None:
        raise NotFound
    return offer
