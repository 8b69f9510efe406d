"""The administration of hours, holidays, appointment types and rooms, said as through the API."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import admin

from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.cells import Table, Tag, short
from chiron.kernel.pages import Listed, Page, Shown, may
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import departments_by_name, patient_link, patient_names, provider_names
from chiron.scheduling import admin_forms, queries, queries_hours
from chiron.scheduling.models import Appointment, AppointmentType, Closure, ExtraHours, Room, Schedule
from chiron.scheduling.services import catalogue, holidays
from chiron.scheduling.shapes_catalogue import TypeIn

STANDING = {True: Tag("active", "good"), False: Tag("inactive")}
AFFECTED = ("Patient", "Begins", "Decided")


def affected_table(by: Caller, rows: Sequence[Appointment]) -> Table:
    """Appointments for which nobody receives any more; what becomes of them is said over the API."""
    names = patient_names(by, [each.patient_id for each in rows])
    cells = [
        (patient_link(each.patient_id, names), f"{each.starts_at.astimezone(ZoneInfo(each.zone)):%Y-%m-%d %H:%M}",
         Tag(each.decided) if each.decided else None)
        for each in rows
    ]  # fmt: skip
    return Table(AFFECTED, cells, "Appointments without hours")


@admin.register(Schedule)
class SchedulePage(Page):
    resource, id_name = "availability", "schedule_id"
    title, group, icon, place = "Hours", "Appointments", "schedule", 16
    heads = ("Doctor", "Clock", "Slots", "Changed")
    acts = (admin_forms.AddHours, admin_forms.ChangeHours)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = queries_hours.list_schedules(by, query)
        names = provider_names(by, [each.provider_id for each in found.rows])
        rows = [
            (self.link(names[each.provider_id], each.id), each.time_zone, f"{each.slot_minutes} min", each.updated_at)
            for each in found.rows
        ]
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        provider_id = queries_hours.schedule_of_id(by, row_id).provider_id
        schedule, said = queries.read_availability(by, provider_id)
        facts = [
            ("Doctor", provider_names(by, [provider_id])[provider_id]), ("Clock", said.time_zone),
            ("Slots", f"{said.slot_minutes} min"), ("Changed", schedule.updated_at), ("Id", str(schedule.id)),
        ]  # fmt: skip
        week = [(each["day"], each["from"], each["until"]) for each in admin_forms.weekly_lines(said)]
        leave = [(f"{each.start:%Y-%m-%d %H:%M}", f"{each.end:%Y-%m-%d %H:%M}", each.title) for each in said.leave]
        tables = [Table(("Day", "From", "Until"), week, "Usual week"), Table(("From", "Until", "Why"), leave, "Leave")]
        if may(by, "appointments", "decide"):
            affected = queries.list_beyond_hours(by, provider_id, PageQuery(), clock.now())
            tables.append(affected_table(by, affected.rows))
        return Shown(f"Hours {short(row_id)}", facts, tables)


@admin.register(ExtraHours)
class ExtraHoursPage(Page):
    resource, title, group, icon, place = "availability", "Extra hours", "Appointments", "more_time", 17
    heads = ("Doctor", "Day", "From", "Until")

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = queries_hours.list_extra_hours(by, query)
        names = provider_names(by, [each.provider_id for each in found.rows])
        rows = [(names[each.provider_id], each.day, f"{each.start:%H:%M}", f"{each.end:%H:%M}") for each in found.rows]
        return Listed(rows, found.next)


@admin.register(Closure)
class HolidayPage(Page):
    resource, id_name = "holidays", "holiday_id"
    title, group, icon, place = "Holidays", "Appointments", "event_busy", 18
    heads = ("Holiday", "From", "Until", "Department")
    acts = (admin_forms.AddHoliday, admin_forms.ChangeHoliday, admin_forms.RemoveHoliday)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found, names = holidays.list_holidays(by, query), dict(departments_by_name(by))
        rows = [
            (self.link(each.said.title or "without a title", each.closure.id), f"{each.said.start:%Y-%m-%d %H:%M}",
             f"{each.said.end:%Y-%m-%d %H:%M}", named(each.said.department_id, names))
            for each in found.rows
        ]  # fmt: skip
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        found = holidays.read_holiday(by, row_id)
        facts = [
            ("Title", found.said.title), ("From", f"{found.said.start:%Y-%m-%d %H:%M}"),
            ("Until", f"{found.said.end:%Y-%m-%d %H:%M}"),
            ("Department", named(found.said.department_id, dict(departments_by_name(by)))),
            ("Changed", found.closure.updated_at), ("Id", str(row_id)),
        ]  # fmt: skip
        if not may(by, "appointments", "decide"):
            return Shown(f"Holiday {short(row_id)}", facts)
        affected = holidays.appointments_under(by, row_id, PageQuery(), clock.now())
        return Shown(f"Holiday {short(row_id)}", facts, [affected_table(by, affected.rows)])


@admin.register(AppointmentType)
class TypePage(Page):
    resource, id_name = "appointment-types", "type_id"
    title, group, icon, place = "Appointment types", "Appointments", "category", 19
    heads = ("Name", "Minutes", "State", "Changed")
    acts = (admin_forms.AddType, admin_forms.ChangeType)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = catalogue.list_types(by, query)
        rows = [
            (self.link(each.name, each.id), each.minutes, STANDING[each.active], each.updated_at) for each in found.rows
        ]
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        kind = catalogue.type_of_id(by, row_id)
        said = [(name.replace("_", " ").capitalize(), getattr(kind, name)) for name in TypeIn.model_fields]
        return Shown(f"Appointment type {short(row_id)}", [*said, ("Changed", kind.updated_at), ("Id", str(row_id))])


@admin.register(Room)
class RoomPage(Page):
    resource, id_name = "rooms", "room_id"
    title, group, icon, place = "Rooms", "Appointments", "meeting_room", 20
    heads = ("Name", "Department", "State", "Changed")
    acts = (admin_forms.AddRoom, admin_forms.ChangeRoom)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found, names = catalogue.list_rooms(by, query), dict(departments_by_name(by))
        rows = [
            (self.link(each.name, each.id), named(each.department_id, names), STANDING[each.active], each.updated_at)
            for each in found.rows
        ]
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        room = catalogue.room_of_id(by, row_id)
        facts = [
            ("Name", room.name), ("Department", named(room.department_id, dict(departments_by_name(by)))),
            ("Places", room.places), ("State", STANDING[room.active]), ("Changed", room.updated_at),
            ("Id", str(row_id)),
        ]  # fmt: skip
        return Shown(f"Room {short(row_id)}", facts)


def named(department_id: UUID | None, names: dict[UUID, str]) -> str:
    """The name of a department, or that it is all of them."""
    return names.get(department_id, "") if department_id else "all"
