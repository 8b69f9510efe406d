"""What becomes of appointments for which nobody receives any more: somebody decides, and nothing happens silently."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, atomic
from chiron.kernel.errors import Conflict, NotFound, StaleVersion
from chiron.kernel.versions import expect
from chiron.notifications.public import Kind
from chiron.scheduling.doors import appointment_to_change, appointments_within, numbers_of
from chiron.scheduling.errors import NothingToDecide
from chiron.scheduling.models import Appointment
from chiron.scheduling.services.attend import cancel
from chiron.scheduling.services.freed import take_turns_freeing
from chiron.scheduling.services.taking import keep, raise_version
from chiron.scheduling.services.telling import tell_patient
from chiron.scheduling.words import EXPECTED, Choice


class Seen(NamedTuple):
    """An appointment, and the version of it that whoever decides has seen."""

    id: UUID
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """Which appointments it was decided of, and the code of the refusal for each of which it was not."""

    done: Sequence[UUID]
    refused: Sequence[tuple[UUID, str]]


def decide(*, by: Caller, choice: Choice, appointments: Sequence[Seen], reason: str, now: datetime) -> Decided:
    """Keep appointments though nobody receives, cancel them, or ask for another time; of each by itself.

    Whoever is asked may move or cancel the appointment until it begins. Raises NotFound where any of them is not the
    caller's to decide of; what stands otherwise than was seen is answered.
    """
    wait_for_all(by, [each.id for each in appointments], now=now)
    done: list[UUID] = []
    refused: list[tuple[UUID, str]] = []
    for each in appointments:
        try:
            with atomic(CLINICAL):
                _decide(by, choice, each, reason, now)
        except (Conflict, StaleVersion) as refusal:
            refused.append((each.id, refusal.code))
        else:
            done.append(each.id)
    return Decided(done, refused)


def wait_for_all(by: Caller, ids: Sequence[UUID], *more: int, now: datetime) -> None:
    """Until this transaction ends, nobody else changes these appointments nor books those who are part of them; all
    turns are taken at once, because in one order. Raises NotFound where the caller does not reach one."""
    reached = appointments_within(by, "decide").select_related("provider", "patient", "room").filter(id__in=ids)
    seen = list(reached)
    if len(seen) < len(set(ids)):
        raise NotFound
    take_turns_freeing(set(more).union(*map(numbers_of, seen)), now)


def _decide(by: Caller, choice: Choice, seen: Seen, reason: str, now: datetime) -> None:
    if choice is Choice.CANCEL:
        cancel(by=by, appointment_id=seen.id, reason=reason, if_match=seen.version, for_clinic=True, now=now)
        return
    appointment = appointment_to_change(by, seen.id, "decide")
    expect(appointment, seen.version)
    _must_be_to_come(appointment, now)
    raise_version(appointment)
    appointment.decided, appointment.updated_at = choice, now
    appointment.save(force_update=True)
    keep(appointment, by=by, now=now)
    if choice is Choice.ASK:
        tell_patient(Kind.ASKED, appointment, now=now)
    audit.record(
        by, f"appointment.{'kept' if choice is Choice.KEEP else 'asked'}", resource="appointments",
        resource_id=appointment.id, subjects=[appointment.patient_id],
    )  # fmt: skip


def _must_be_to_come(appointment: Appointment, now: datetime) -> None:
    if appointment.status not in EXPECTED or appointment.starts_at <= now:
        raise NothingToDecide
