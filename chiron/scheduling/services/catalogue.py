"""What can be booked, and where: appointment types and rooms. Neither is removed, since appointments point at them."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, refusing
from chiron.kernel.errors import NotFound
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import expect
from chiron.registry.public import department_for
from chiron.scheduling.errors import RoomNameTaken, TypeNameTaken
from chiron.scheduling.models import AppointmentType, Room

Offer = TypeVar("Offer", AppointmentType, Room)
RESOURCES: dict[type[AppointmentType | Room], str] = {AppointmentType: "appointment-types", Room: "rooms"}
"""What the policy calls them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeSaid:
    """An appointment type as somebody states it; see `AppointmentType`."""

    name: str
    minutes: int
    before_minutes: int = 0
    after_minutes: int = 0
    notice_minutes: int = 0
    horizon_days: int = 365
    capacity: int = 1
    cancel_minutes: int = 0
    moves_at_most: int | None = None
    grace_minutes: int = 0
    release_minutes: int | None = None
    hold_minutes: int = 10
    needs_approval: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSaid:
    """A room or a device as somebody states it."""

    name: str
    department_id: UUID | None = None
    places: int | None = None
    active: bool = True


def list_types(by: Caller, query: PageQuery, *, active: bool | None = None) -> Page[AppointmentType]:
    """A page of what can be booked, the newest first."""
    return _listed(by, AppointmentType, query, active)


def list_rooms(by: Caller, query: PageQuery, *, active: bool | None = None) -> Page[Room]:
    """A page of the rooms, the newest first."""
    return _listed(by, Room, query, active)


def type_of_id(by: Caller, type_id: UUID, action: str = "read") -> AppointmentType:
    """The door to one appointment type, locked for a change. Raises NotFound."""
    return _one(by, AppointmentType, type_id, action)


def room_of_id(by: Caller, room_id: UUID, action: str = "read") -> Room:
    """The door to one room, locked for a change. Raises NotFound."""
    return _one(by, Room, room_id, action)


def save_type(
    *, by: Caller, type_id: UUID | None, said: TypeSaid, if_match: int | None, now: datetime
) -> AppointmentType:
    """A new appointment type, or an old one said anew; what is booked already keeps its length and what is free
    around it. Raises NotFound, StaleVersion, TypeNameTaken.
    """
    kind = _begun(by, AppointmentType, type_id, if_match, now)
    with refusing(CLINICAL, appointment_type_has_its_own_name=TypeNameTaken):
        _say(kind, asdict(said), now)
    audit.record(by, "appointment_type.saved", resource=RESOURCES[AppointmentType], resource_id=kind.id)
    return kind


def save_room(*, by: Caller, room_id: UUID | None, said: RoomSaid, if_match: int | None, now: datetime) -> Room:
    """A new room, or an old one said anew. Raises NotFound, for a department, too, StaleVersion, RoomNameTaken."""
    room = _begun(by, Room, room_id, if_match, now)
    if said.department_id:
        department_for(by, said.department_id, lock=True)
    with refusing(CLINICAL, room_has_its_own_name=RoomNameTaken):
        _say(room, asdict(said), now)
    audit.record(by, "room.saved", resource=RESOURCES[Room], resource_id=room.id)
    return room


def _listed(by: Caller, model: type[Offer], query: PageQuery, active: bool | None) -> Page[Offer]:
    by.scope(RESOURCES[model], "read")
    rows = model._default_manager.all()
    return page(rows if active is None else rows.filter(active=active), query)


def _one(by: Caller, model: type[Offer], row_id: UUID, action: str) -> Offer:
    by.scope(RESOURCES[model], action)
    rows = model._default_manager.filter(id=row_id)
    row = (rows if action == "read" else rows.select_for_update()).first()
    if row is None:
        raise NotFound
    return row


def _begun(by: Caller, model: type[Offer], row_id: UUID | None, if_match: int | None, now: datetime) -> Offer:
    if row_id is None:
        by.scope(RESOURCES[model], "create")
        return model(recorded_at=now, version=0)
    row = _one(by, model, row_id, "update")
    expect(row, if_match)
    return row


def _say(row: AppointmentType | Room, said: dict[str, Any], now: datetime) -> None:
    for name, value in said.items():
        setattr(row, name, value)
    row.version, row.updated_at = row.version + 1, now
    row.save()
