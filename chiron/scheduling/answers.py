"""Links with which a patient answers a reminder from the mail, without signing in (REM-07).

A link says which reminder, of which version of the appointment, and what is answered. It is good until the appointment
begins, once, and no more after the appointment has changed. Opening it changes nothing: mail scanners open everything.
"""

from dataclasses import dataclass
from datetime import datetime
from struct import Struct
from uuid import UUID

from django.conf import settings

from chiron.identity.public import accounts_of_patients, caller_by_mail, signed_body, signed_link
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound
from chiron.scheduling.models import Appointment, Reminder
from chiron.scheduling.words import Answer, Status
from chiron.tenancy.public import current_organization_id

PURPOSE = "answering a reminder"
BODY = Struct(">16s16sI7s")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link of ours is about."""

    organization_id: UUID
    reminder_id: UUID
    version: int
    answer: Answer


def link_for(reminder: Reminder, appointment: Appointment, answer: Answer) -> str:
    """The address of the page on which a patient gives that answer."""
    place = (current_organization_id().bytes, reminder.id.bytes)
    body = BODY.pack(*place, appointment.version, answer.value.encode())
    return f"{settings.PUBLIC_URL}/mail/appointment/{signed_link(PURPOSE, body)}"


def asked_by(token: str) -> Asked:
    """What a link asks. Raises NotFound for whatever we did not sign."""
    body = signed_body(PURPOSE, token, BODY.size)
    if body is None:
        raise NotFound
    organization, reminder, version, answer = BODY.unpack(body)
    return Asked(UUID(bytes=organization), UUID(bytes=reminder), version, Answer(answer.rstrip(b"\0").decode()))


def still_open(asked: Asked, now: datetime) -> Reminder:
    """The reminder that a link answers, locked. Raises NotFound where it was answered, or is about what is no more."""
    reminder = (
        Reminder.objects.select_for_update(of=("self",))
        .select_related("appointment")
        .filter(id=asked.reminder_id, answered_at=None)
        .first()
    )
    if reminder is None:
        raise NotFound
    appointment = reminder.appointment
    if (appointment.version, appointment.status) != (asked.version, Status.BOOKED) or appointment.starts_at <= now:
        raise NotFound
    return reminder


def patient_by_mail(patient_id: UUID) -> Caller:
    """A patient as the caller who has a link of ours. Raises NotFound for one without an account."""
    organization_id = current_organization_id()
    account_id = accounts_of_patients(organization_id, [patient_id]).get(patient_id)
    if account_id is None:
        raise NotFound
    return caller_by_mail(account_id, organization_id)
