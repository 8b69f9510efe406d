"""Waiting for time to become free."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, refusing, take_turns
from chiron.kernel.errors import NotFound, StaleVersion, invalid
from chiron.kernel.versions import expect
from chiron.registry.public import department_for, patient_within
from chiron.scheduling.doors import appointments_within, entry_for, numbers_of, turn_of, unchanged
from chiron.scheduling.errors import AlreadyWaiting, IllegalTransition
from chiron.scheduling.models import Appointment, WaitlistEntry
from chiron.scheduling.services.attend import end
from chiron.scheduling.services.book import doctor_for, type_for
from chiron.scheduling.services.freed import reopened
from chiron.scheduling.services.taking import raise_version
from chiron.scheduling.wallclock import DAY
from chiron.scheduling.words import EXPECTED, Standing, Status, Step


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody waits for: with one provider, or with any of a department or a specialty; on some days, between
    some times of the provider's clock; earlier than an appointment they have, which is given up for it."""

    first: date
    last: date
    provider_id: UUID | None = None
    department_id: UUID | None = None
    specialty: str = ""
    type_id: UUID | None = None
    times: Sequence[tuple[time, time]] = ()
    earlier_than: UUID | None = None


def join(*, by: Caller, patient_id: UUID | None, wanted: Wanted, now: datetime) -> WaitlistEntry:
    """Wait for time to become free; what is free already is offered, too.

    Raises NotFound, Invalid for days that have passed, AlreadyWaiting.
    """
    patient = patient_within(by, by.scope("waitlist", "create"), patient_id or by.patient_id)
    if wanted.last < now.date() - DAY:
        raise invalid("has passed", "body", "until")
    if wanted.earlier_than:
        theirs = appointments_within(by, "read").filter(patient=patient, status__in=EXPECTED)
        if not theirs.filter(id=wanted.earlier_than).exists():
            raise NotFound
    entry = WaitlistEntry(
        patient=patient, type=type_for(wanted.type_id),
        provider=doctor_for(by, wanted.provider_id) if wanted.provider_id else None,
        department=department_for(by, wanted.department_id) if wanted.department_id else None,
        specialty=wanted.specialty, from_day=wanted.first, until_day=wanted.last,
        times=[[f"{start:%H:%M}", f"{end:%H:%M}"] for start, end in wanted.times], earlier_than=wanted.earlier_than,
        recorded_at=now, updated_at=now, joined_by=by.account_id,
    )  # fmt: skip
    with refusing(CLINICAL, a_patient_waits_once_for_a_type=AlreadyWaiting):
        entry.save(force_insert=True)
    reopened(entry.provider_id, entry.from_day, entry.until_day)
    _record(by, "waitlist.joined", entry)
    return entry


def leave(*, by: Caller, entry_id: UUID, if_match: int | None, now: datetime) -> WaitlistEntry:
    """Wait no longer; what is offered is given up with it. Raises NotFound, StaleVersion, IllegalTransition."""
    offers = Appointment.objects.filter(offered_to=entry_id, status=Status.HELD)
    seen = offers.select_related("provider", "patient", "room", "type").first()
    entry = _to_change(by, entry_id, "leave", if_match, *(numbers_of(seen) if seen else ()))
    _settle(entry, Standing.LEFT, now)
    if seen:
        raise_version(unchanged(seen))
        end(seen, Step.CANCEL, Status.CANCELLED, by, now)
    elif offers.exists():
        raise StaleVersion
    _record(by, "waitlist.left", entry)
    return entry


def prioritize(*, by: Caller, entry_id: UUID, priority: int, if_match: int | None, now: datetime) -> WaitlistEntry:
    """Let somebody be offered time before others who wait, or after; 1 is first, 9 last.

    Raises NotFound, StaleVersion, IllegalTransition.
    """
    entry = _to_change(by, entry_id, "prioritize", if_match)
    entry.priority = priority
    _settle(entry, Standing.WAITING, now)
    _record(by, "waitlist.prioritized", entry)
    return entry


def _to_change(by: Caller, entry_id: UUID, action: str, if_match: int | None, *numbers: int) -> WaitlistEntry:
    """An entry of somebody who waits, at the turn of the patient: nobody offers them anything meanwhile."""
    patient = entry_for(by, entry_id, action).patient
    take_turns(CLINICAL, *map(turn_of, {patient.number, *numbers}))
    entry = WaitlistEntry.objects.select_related("patient", "type").select_for_update(of=("self",)).get(id=entry_id)
    expect(entry, if_match)
    if entry.status != Standing.WAITING:
        raise IllegalTransition(standing=entry.status, allowed=[])
    return entry


def _settle(entry: WaitlistEntry, standing: Standing, now: datetime) -> None:
    entry.status, entry.version, entry.updated_at = standing, entry.version + 1, now
    entry.save(force_update=True)


def _record(by: Caller, said: str, entry: WaitlistEntry) -> None:
    audit.record(by, said, resource="waitlist", resource_id=entry.id, subjects=[entry.patient_id])
