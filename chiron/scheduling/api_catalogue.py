"""What can be booked, and where, over HTTP."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.versions import created, etag, if_match
from chiron.scheduling.services import catalogue
from chiron.scheduling.shapes_catalogue import (
    OfferQuery,
    RoomEnvelope,
    RoomIn,
    RoomOut,
    Rooms,
    TypeEnvelope,
    TypeIn,
    TypeOut,
    Types,
)

router = Router(tags=["catalogue"])

TYPE = "/appointment-types/{uuid:type_id}"
ROOM = "/rooms/{uuid:room_id}"


@router.get("/appointment-types", response=Types)
@needs("appointment-types", "read")
def list_types(request: Call, asked: Query[OfferQuery]) -> Types:
    """What can be booked, the newest first."""
    found = catalogue.list_types(request.caller, asked, active=asked.active)
    return Types(appointment_types=[TypeOut.of(each) for each in found.rows], next=found.next)


@router.post("/appointment-types", response={201: TypeEnvelope, **refusals(409)})
@needs("appointment-types", "create")
@creates
def create_type(request: Call, body: TypeIn, response: HttpResponse) -> Status[TypeEnvelope]:
    """Say what can be booked, and what it asks for."""
    made = catalogue.save_type(by=request.caller, type_id=None, said=body.said(), if_match=None, now=clock.now())
    envelope = TypeEnvelope(appointment_type=TypeOut.of(made))
    return created(response, f"/api/appointment-types/{made.id}", envelope, made.version)


@router.get(TYPE, response={200: TypeEnvelope, **refusals(404)})
@needs("appointment-types", "read")
def read_type(request: Call, type_id: UUID, response: HttpResponse) -> TypeEnvelope:
    """One appointment type."""
    found = catalogue.type_of_id(request.caller, type_id)
    etag(response, found.version)
    return TypeEnvelope(appointment_type=TypeOut.of(found))


@router.put(TYPE, response={200: TypeEnvelope, **refusals(404, 409, 412)})
@needs("appointment-types", "update")
def change_type(request: Call, type_id: UUID, body: TypeIn, response: HttpResponse) -> TypeEnvelope:
    """Say everything of an appointment type anew; appointments that are booked keep their time."""
    saved = catalogue.save_type(
        by=request.caller, type_id=type_id, said=body.said(), if_match=if_match(request), now=clock.now()
    )
    etag(response, saved.version)
    return TypeEnvelope(appointment_type=TypeOut.of(saved))


@router.get("/rooms", response=Rooms)
@needs("rooms", "read")
def list_rooms(request: Call, asked: Query[OfferQuery]) -> Rooms:
    """The rooms and devices, the newest first."""
    found = catalogue.list_rooms(request.caller, asked, active=asked.active)
    return Rooms(rooms=[RoomOut.of(each) for each in found.rows], next=found.next)


@router.post("/rooms", response={201: RoomEnvelope, **refusals(404, 409)})
@needs("rooms", "create")
@creates
def create_room(request: Call, body: RoomIn, response: HttpResponse) -> Status[RoomEnvelope]:
    """Add a room or a device; only one appointment at a time has it."""
    made = catalogue.save_room(by=request.caller, room_id=None, said=body.said(), if_match=None, now=clock.now())
    return created(response, f"/api/rooms/{made.id}", RoomEnvelope(room=RoomOut.of(made)), made.version)


@router.get(ROOM, response={200: RoomEnvelope, **refusals(404)})
@needs("rooms", "read")
def read_room(request: Call, room_id: UUID, response: HttpResponse) -> RoomEnvelope:
    """One room."""
    found = catalogue.room_of_id(request.caller, room_id)
    etag(response, found.version)
    return RoomEnvelope(room=RoomOut.of(found))


@router.put(ROOM, response={200: RoomEnvelope, **refusals(404, 409, 412)})
@needs("rooms", "update")
def change_room(request: Call, room_id: UUID, body: RoomIn, response: HttpResponse) -> RoomEnvelope:
    """Say everything of a room anew; appointments that have it keep it."""
    saved = catalogue.save_room(
        by=request.caller, room_id=room_id, said=body.said(), if_match=if_match(request), now=clock.now()
    )
    etag(response, saved.version)
    return RoomEnvelope(room=RoomOut.of(saved))
