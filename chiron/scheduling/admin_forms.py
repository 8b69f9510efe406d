"""What is typed in the administration of hours, holidays, types and rooms; each form stands before one verb."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms

from chiron.kernel.forms import Act, Lines, shaped
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import active_providers, departments_by_name
from chiron.scheduling import queries, queries_hours
from chiron.scheduling.services import catalogue, holidays
from chiron.scheduling.services.availability import Received, set_availability
from chiron.scheduling.shapes import AvailabilityIn
from chiron.scheduling.shapes_catalogue import RoomIn, TypeIn
from chiron.scheduling.shapes_hours import HolidayIn
from chiron.scheduling.wallclock import Hours
from chiron.tenancy.public import current_organization_id, organization_for_id

ALL = PageQuery(limit=200)
WALL = "%Y-%m-%dT%H:%M"


class DepartmentAct(Act):
    """What may belong to a department."""

    department_id = forms.ChoiceField(required=False, label="Department")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(str(each), name) for each, name in departments_by_name(self.by)]
        field: Any = self.fields["department_id"]
        field.choices = field.widget.choices = [("", "all"), *names]

    def clean_department_id(self) -> str | None:
        return self.cleaned_data["department_id"] or None


class HolidayAct(DepartmentAct):
    """A holiday, said whole, by the clock of each doctor."""

    title = forms.CharField(max_length=500, required=False)
    begins = forms.CharField(max_length=20, help_text="As 2032-01-01T00:00, by the clock of each doctor.")
    ends = forms.CharField(max_length=20, help_text="From when on doctors receive again.")

    def perform(self, now: datetime) -> UUID:
        typed = self.typed()
        said = {"from": typed.pop("begins"), "until": typed.pop("ends"), **typed}
        own, version = (None, None) if self.creates else (self.row_id, self.cleaned_data["version"])
        shape = shaped(HolidayIn, said).said()
        return holidays.save_holiday(
            by=self.by, holiday_id=own, said=shape, if_match=version, now=now
        ).holiday.closure.id


class AddHoliday(HolidayAct):
    slug, label, need, creates = "add", "Add a holiday", ("holidays", "create"), True


class ChangeHoliday(HolidayAct):
    slug, label, need = "edit", "Change the holiday", ("holidays", "update")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        found = holidays.read_holiday(self.by, self.row_id)
        said = found.said
        return {
            "title": said.title, "begins": said.start.strftime(WALL), "ends": said.end.strftime(WALL),
            "department_id": str(said.department_id or ""), "version": found.closure.version,
        }  # fmt: skip


class RemoveHoliday(Act):
    slug, label, need, grave = "remove", "Remove the holiday", ("holidays", "delete"), True

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        return {"version": holidays.read_holiday(self.by, self.row_id).closure.version}

    def perform(self, now: datetime) -> None:
        holidays.remove_holiday(by=self.by, holiday_id=self.row_id, if_match=self.cleaned_data["version"])


def count(name: str, usually: int | None) -> forms.IntegerField:
    """The field in which a number of an appointment type is typed, explained as over the API."""
    told = TypeIn.model_fields[name].description or ""
    return forms.IntegerField(min_value=0, required=usually is not None, initial=usually, help_text=told)


class TypeAct(Act):
    """An appointment type, said whole."""

    name = forms.CharField(max_length=100)
    minutes = count("minutes", 30)
    before_minutes, after_minutes = count("before_minutes", 0), count("after_minutes", 0)
    notice_minutes, horizon_days = count("notice_minutes", 0), count("horizon_days", 365)
    capacity, cancel_minutes = count("capacity", 1), count("cancel_minutes", 0)
    moves_at_most, grace_minutes = count("moves_at_most", None), count("grace_minutes", 0)
    release_minutes, hold_minutes = count("release_minutes", None), count("hold_minutes", 10)
    needs_approval = forms.BooleanField(required=False)
    active = forms.BooleanField(required=False, initial=True)

    def perform(self, now: datetime) -> UUID:
        own, version = (None, None) if self.creates else (self.row_id, self.cleaned_data["version"])
        said = shaped(TypeIn, self.typed()).said()
        return catalogue.save_type(by=self.by, type_id=own, said=said, if_match=version, now=now).id


class AddType(TypeAct):
    slug, label, need, creates = "add", "Add an appointment type", ("appointment-types", "create"), True


class ChangeType(TypeAct):
    slug, label, need = "edit", "Change the appointment type", ("appointment-types", "update")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        kind = catalogue.type_of_id(self.by, self.row_id)
        return {name: getattr(kind, name) for name in (*TypeIn.model_fields, "version")}


class RoomAct(DepartmentAct):
    """A room or a device, said whole."""

    name = forms.CharField(max_length=100)
    places = forms.IntegerField(min_value=1, required=False, help_text="For so many patients at most.")
    active = forms.BooleanField(required=False, initial=True)

    def perform(self, now: datetime) -> UUID:
        own, version = (None, None) if self.creates else (self.row_id, self.cleaned_data["version"])
        said = shaped(RoomIn, self.typed()).said()
        return catalogue.save_room(by=self.by, room_id=own, said=said, if_match=version, now=now).id


class AddRoom(RoomAct):
    slug, label, need, creates = "add", "Add a room", ("rooms", "create"), True


class ChangeRoom(RoomAct):
    slug, label, need = "edit", "Change the room", ("rooms", "update")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        room = catalogue.room_of_id(self.by, self.row_id)
        said = {name: getattr(room, name) for name in (*RoomIn.model_fields, "version")}
        return said | {"department_id": str(room.department_id or "")}


def _own_time_zone() -> str:
    return organization_for_id(current_organization_id()).time_zone


class HoursAct(Act):
    """When a doctor receives, said whole."""

    time_zone = forms.CharField(max_length=64, initial=_own_time_zone)
    slot_minutes = forms.IntegerField(min_value=1, max_value=1440, initial=30)
    weekly = Lines("day", "from", "until", label="Usual week")
    leave = Lines("from", "until", "title", label="Leave")
    extra = Lines("day", "start", "end", label="Extra hours")

    def doctor_id(self) -> UUID:
        """Whose hours they are."""
        raise NotImplementedError

    def perform(self, now: datetime) -> UUID:
        typed, weekly = self.typed(), dict[str, list[Any]]()
        for each in typed["weekly"]:
            weekly.setdefault(each["day"].lower(), []).append((each.get("from"), each.get("until")))
        exceptions = [{"kind": "closed", **each} for each in typed["leave"]]
        exceptions += [{"kind": "open", **each} for each in typed["extra"]]
        said = {"available_days": weekly, "time_zone": typed["time_zone"], "slot_minutes": typed["slot_minutes"]}
        shape = shaped(AvailabilityIn, said | {"exceptions": exceptions}).said()
        version = None if self.creates else self.cleaned_data["version"]
        return set_availability(
            by=self.by, provider_id=self.doctor_id(), said=shape, if_match=version, now=now
        ).schedule.id


class AddHours(HoursAct):
    slug, label, need, creates = "add", "Say when a doctor receives", ("availability", "update"), True

    doctor = forms.ChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["doctor"]
        known = queries_hours.who_receive(self.by)
        doctors = [each for each in active_providers(self.by) if each[0].role == "doctor" and each[0].id not in known]
        field.choices = field.widget.choices = [(str(provider.id), person.display) for provider, person in doctors]

    def doctor_id(self) -> UUID:
        return UUID(self.cleaned_data["doctor"])


class ChangeHours(HoursAct):
    slug, label, need = "edit", "Change the hours", ("availability", "update")

    def doctor_id(self) -> UUID:
        return queries_hours.schedule_of_id(self.by, self.row_id).provider_id

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        schedule, said = queries.read_availability(self.by, self.doctor_id())
        return {
            "time_zone": said.time_zone, "slot_minutes": said.slot_minutes, "version": schedule.version,
            "weekly": weekly_lines(said),
            "leave": [
                {"from": each.start.strftime(WALL), "until": each.end.strftime(WALL), "title": each.title}
                for each in said.leave
            ],
            "extra": [{"day": str(each.day), **_clocks(each.hours)} for each in said.extra],
        }  # fmt: skip


def weekly_lines(said: Received) -> list[dict[str, str]]:
    """The usual week, hours by hours."""
    return [
        {"day": day, "from": f"{hours.start:%H:%M}", "until": f"{hours.end:%H:%M}"}
        for day, pairs in said.weekly.items()
        for hours in pairs
    ]


def _clocks(hours: Hours) -> dict[str, str]:
    return {"start": f"{hours.start:%H:%M}", "end": f"{hours.end:%H:%M}"}
