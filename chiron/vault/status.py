"""What lies under which keys, and how old they are."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from chiron.kernel.db import ACCOUNTS
from chiron.vault.census import values_by_key
from chiron.vault.models import OrganizationKey, PatientKey

Kind = Literal["organization", "patients"]
Standing = Literal["in use", "older", "retired", "destroyed", "unknown"]


@dataclass
class KeyState:
    """The keys of one generation: the first was made at ``since``; so many values lie under them.

    ``events`` are payloads of the trail, which are sealed once and stay as they are.
    """

    kind: Kind
    generation: int
    standing: Standing
    since: datetime | None
    keys: int = 0
    values: int = 0
    events: int = 0

    @property
    def is_left_behind(self) -> bool:
        """Whether a rotation would have something to move."""
        return self.values > 0 and self.standing in ("older", "retired")


def key_states(organization_id: UUID) -> list[KeyState]:
    """Every generation of an organization's keys and of its patients', or of the platform's (`NIL`).

    Looks at every sealed value, without opening any. What lies under a key that is not there comes last.
    """
    values, events = values_by_key(organization_id), values_by_key(organization_id, once=True)
    states: dict[tuple[Kind, int, Standing], KeyState] = {}
    for kind, key_id, generation, standing, made in [*_organization(organization_id), *_patients(organization_id)]:
        state = states.setdefault((kind, generation, standing), KeyState(kind, generation, standing, made))
        state.since = min(state.since or made, made)
        state.keys += 1
        state.values += values.pop(key_id, 0)
        state.events += events.pop(key_id, 0)
    unknown = sum((values + events).values())
    lost = [KeyState("organization", 0, "unknown", None, 0, unknown)] if unknown else []
    return sorted(states.values(), key=lambda each: (each.kind, -each.generation, each.standing)) + lost


Known = tuple[Kind, UUID, int, Standing, datetime]


def _organization(organization_id: UUID) -> Iterable[Known]:
    rows = list(OrganizationKey.objects.filter(organization_id=organization_id).order_by("generation"))
    for row in rows:
        standing: Standing = "retired" if row.retired_at else "in use" if row is rows[-1] else "older"
        if not row.wrapped:
            standing = "destroyed"
        yield "organization", row.id, row.generation, standing, row.created_at


def _patients(organization_id: UUID) -> Iterable[Known]:
    keys = PatientKey.objects.using(ACCOUNTS).filter(organization_id=organization_id).defer("wrapped")
    newest = Counter[UUID]()
    rows = list(keys)
    for row in rows:
        newest[row.patient_id] = max(newest[row.patient_id], row.generation)
    for row in rows:
        yield "patients", row.id, row.generation, _standing(row, newest[row.patient_id]), row.created_at


def _standing(key: PatientKey, newest: int) -> Standing:
    if key.destroyed_at:
        return "destroyed"
    if key.retired_at:
        return "retired"
    return "in use" if key.generation == newest else "older"
