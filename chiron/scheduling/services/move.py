"""Many appointments are given other times at once, as staff accepted a proposal, whole or in part (SCH-26)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, atomic
from chiron.kernel.errors import Conflict, Invalid, StaleVersion
from chiron.registry.public import Provider
from chiron.scheduling.services.decide import Decided, wait_for_all
from chiron.scheduling.services.reschedule import reschedule


@dataclass(frozen=True, slots=True)
class Move:
    """Which appointment, seen in which version, moves to which time of the doctor's clock, and to which doctor."""

    id: UUID
    wall: datetime
    utc_offset: timedelta | None = None
    provider_id: UUID | None = None
    version: int | None = None


def move_all(*, by: Caller, moves: Sequence[Move], now: datetime) -> Decided:
    """Reschedule each by itself: what cannot be moved stays as it is and is answered with the code of its refusal.

    Each patient is told once of each appointment that moved. Raises NotFound where any of them, or a doctor, is not
    to be found.
    """
    new = Provider.objects.filter(id__in={each.provider_id for each in moves if each.provider_id})
    wait_for_all(by, [each.id for each in moves], *new.values_list("number", flat=True), now=now)
    done: list[UUID] = []
    refused: list[tuple[UUID, str]] = []
    for each in moves:
        try:
            with atomic(CLINICAL):
                reschedule(
                    by=by, appointment_id=each.id, wall=each.wall, utc_offset=each.utc_offset,
                    provider_id=each.provider_id, if_match=each.version, now=now,
                )  # fmt: skip
        except (Conflict, Invalid, StaleVersion) as refusal:
            refused.append((each.id, refusal.code))
        else:
            done.append(each.id)
    return Decided(done, refused)
