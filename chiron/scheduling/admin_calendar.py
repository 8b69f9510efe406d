"""The calendar in the administration: a doctor's week, and the list of a day for the desk."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls.resolvers import URLPattern
from django.utils import timezone
from typing_extensions import override

from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.cells import Tag, short
from chiron.kernel.forms import Dressed
from chiron.kernel.pages import Page, Shown
from chiron.registry.public import patient_link, patient_names, provider_names
from chiron.scheduling.days import bookable_doctors
from chiron.scheduling.models import Appointment
from chiron.scheduling.queries import read_appointment
from chiron.scheduling.wallclock import DAY, wall_of
from chiron.scheduling.weeks import Days, Visit, doctor_days
from chiron.scheduling.words import Status

WEEK = 7
USUAL_HOURS = range(8, 18)
"""What a week shows in which nobody receives and nobody comes."""
ON_A_PAGE = 100
HEADS = ("From", "To", "Patient", "Type", "Room", "State")
COLUMNS = ("begins", "ends", "patient", "type", "room")
"""What the list of a day says, before where each stands."""
TONES = {
    Status.HELD: "plain", Status.PENDING: "warn", Status.BOOKED: "plain", Status.CHECKED_IN: "good",
    Status.FULFILLED: "good", Status.NO_SHOW: "bad", Status.CANCELLED: "bad",
}  # fmt: skip


class SeekDays(Dressed):
    """Whose days, and which."""

    doctor = forms.ChoiceField(required=False)
    day = forms.DateField(required=False, widget=forms.DateInput(attrs={"min": "1970-01-01", "max": "9000-01-01"}))

    def __init__(self, sent: Any, doctors: Sequence[tuple[UUID, str]]) -> None:
        super().__init__(sent)
        self.fields["doctor"].choices = [(str(id), name) for id, name in doctors]  # type: ignore[attr-defined]

    def clean_day(self) -> date | None:
        day: date | None = self.cleaned_data["day"]
        if day and not 1970 <= day.year < 9000:
            raise forms.ValidationError("is not a day of this calendar")
        return day


@admin.register(Appointment)
class CalendarPage(Page):
    """A doctor's week; the list of one day; one appointment."""

    resource, id_name = "appointments", "appointment_id"
    title, group, icon, place = "Calendar", "Appointments", "calendar_month", 15
    heads: ClassVar[tuple[str, ...]] = ()

    @override
    def list_view(self, request: HttpRequest) -> HttpResponse:
        """The week of a doctor."""
        return self._days_view(request, "week")

    def day_view(self, request: HttpRequest) -> HttpResponse:
        """The list of a doctor's day, to be printed."""
        return self._days_view(request, "day")

    def paper_view(self, request: HttpRequest) -> HttpResponse:
        """The same list as a PDF, whole."""
        from chiron.scheduling.sheets import sheet  # slow to load, and few processes ever print

        page = self._days_view(request, "day")
        days: Days | None = getattr(page, "context_data", {}).get("days")
        if days is None:
            return page
        [(day, visits)] = days.visits.items()
        rows = [[self._visit(each)[name] for name in COLUMNS] + [state_of(each.appointment).text] for each in visits]
        title = f"{days.doctor}: {day:%Y-%m-%d} ({days.zone})"
        return HttpResponse(
            sheet(title, HEADS, rows), content_type="application/pdf",
            headers={"Content-Disposition": 'inline; filename="day.pdf"'},
        )  # fmt: skip

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        appointment = read_appointment(by, row_id)
        names, doctors = patient_names(by, [appointment.patient_id]), provider_names(by, [appointment.provider_id])
        begins, ends = (
            wall_of(each, ZoneInfo(appointment.zone)).strftime("%Y-%m-%d %H:%M")
            for each in (appointment.starts_at, appointment.ends_at)
        )
        facts = [
            ("Patient", patient_link(appointment.patient_id, names)), ("Doctor", doctors[appointment.provider_id]),
            ("Begins", begins), ("Ends", ends), ("Clock", appointment.zone), ("State", state_of(appointment)),
            ("Type", appointment.type.name if appointment.type else None),
            ("Room", appointment.room.name if appointment.room else None), ("Moved", f"{appointment.moves} times"),
            ("Series", appointment.series_id), ("Booked", appointment.recorded_at),
            ("Changed", appointment.updated_at), ("Id", str(appointment.id)),
        ]  # fmt: skip
        return Shown(f"Appointment {short(row_id)}", facts)

    def _days_view(self, request: HttpRequest, template: str) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        by, now = self._caller(request, "read"), clock.now()
        doctors = bookable_doctors(by)
        seek = SeekDays(request.GET, doctors)
        context: dict[str, Any] = {"title": self.title, "seek": seek, "seeks_by": "get"}
        if not seek.is_valid():
            return self._page(request, template, context, status=422)
        if doctors:
            chosen = UUID(seek.cleaned_data["doctor"] or str(doctors[0][0]))
            day = seek.cleaned_data["day"] or timezone.localdate(now)
            first, count = (day - timedelta(days=day.weekday()), WEEK) if template == "week" else (day, 1)
            days = doctor_days(by, provider_id=chosen, first=first, count=count, now=now)
            context |= self._week(days, now) if template == "week" else self._day(days, day, request)
            context |= {"days": days, "before": self._to(template, days, first - count * DAY)}
            context |= {"after": self._to(template, days, first + count * DAY), "now": self._to(template, days, None)}
        return self._page(request, template, context)

    def _week(self, days: Days, now: datetime) -> dict[str, Any]:
        today = wall_of(now, days.zone).date()
        heads = [{"day": day, "url": self._to("day", days, day), "today": day == today} for day in days.visits]
        hours = hours_of_week(days)
        rows = [(f"{hour:02}:00", [self._cell(days, day, hour, today) for day in days.visits]) for hour in hours]
        return {"heads": heads, "rows": rows, "week": min(days.visits).strftime("%G, week %V")}

    def _cell(self, days: Days, day: date, hour: int, today: date) -> dict[str, Any]:
        visits = [self._visit(each) for each in days.visits[day] if each.begins.hour == hour]
        return {"visits": visits, "open": hour in days.hours[day], "today": day == today}

    def _day(self, days: Days, day: date, request: HttpRequest) -> dict[str, Any]:
        paged = Paginator([self._visit(each) for each in days.visits[day]], ON_A_PAGE)
        page = paged.get_page(request.GET.get("page", "1"))
        return {
            "day": day, "heads": HEADS, "page": page, "week_url": self._to("week", days, day),
            "pdf_url": self._to("day_pdf", days, day),
        }  # fmt: skip

    def _visit(self, visit: Visit) -> dict[str, Any]:
        appointment = visit.appointment
        return {
            "url": self.address("change", appointment.id), "begins": f"{visit.begins:%H:%M}",
            "ends": f"{visit.ends:%H:%M}", "patient": visit.patient, "state": state_of(appointment),
            "plain": appointment.status == Status.BOOKED, "room": appointment.room.name if appointment.room else "",
            "type": appointment.type.name if appointment.type else "",
        }  # fmt: skip

    def _to(self, template: str, days: Days, day: date | None) -> str:
        """The address of a week or a day of the same doctor; without a day, of the present one."""
        asked = {"doctor": str(days.provider_id)} | ({"day": day.isoformat()} if day else {})
        return f"{self.address('changelist' if template == 'week' else template)}?{urlencode(asked)}"

    @override
    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_day"
        days = [
            self._path("day/", self.day_view, name),
            self._path("day/pdf/", self.paper_view, f"{name}_pdf"),
        ]
        return [*days, *super().get_urls()]


def hours_of_week(days: Days) -> range:
    """The hours that are shown: all in which somebody comes or is received, and those between."""
    busy = {each.begins.hour for visits in days.visits.values() for each in visits}
    found = busy.union(*days.hours.values())
    return range(min(found), max(found) + 1) if found else USUAL_HOURS


def state_of(appointment: Appointment) -> Tag:
    """Where it stands."""
    status = Status(appointment.status)
    return Tag(status.label, TONES[status])
