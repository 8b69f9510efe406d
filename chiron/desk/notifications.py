"""What has happened that concerns whoever sits at the desk, as it happens."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse
from django.shortcuts import render

from chiron.desk.forms import said
from chiron.desk.pages import address, page, see
from chiron.desk.times import short_day, time_of
from chiron.kernel import clock
from chiron.kernel.access import Call, Caller, needs
from chiron.kernel.schemas import PageQuery
from chiron.notifications import public as notifications
from chiron.notifications.public import Kind, Notification, list_notifications, sentence, unread_count
from chiron.scheduling.public import wall_of
from chiron.tenancy.public import current_organization_id, organization_for_id

LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Line:
    """One notification; some lead to a page of the desk."""

    id: UUID
    number: int | None
    text: str
    at: str
    read: bool
    leads: bool

    @classmethod
    def of(cls, told: Notification, zone: ZoneInfo) -> "Line":
        at = f"{short_day(wall_of(told.at, zone).date())}, {time_of(told.at, zone)}"
        text = sentence(Kind(told.kind), told.resource, LANGUAGE)
        return cls(told.id, told.number, text, at, told.read_at is not None, told.resource == "appointments")


class UpTo(forms.Form):
    """The newest that was seen: what comes after it stays unread."""

    up_to = forms.IntegerField(min_value=1)


@needs("notifications", "read")
def show_list(request: Call) -> HttpResponse:
    """What one was told, the newest first."""
    return page(request, "notifications", list_shown(request.caller, request.GET.get("cursor")))


@needs("notifications", "read")
def show_bell(request: Call) -> HttpResponse:
    """How many are unread, and what the newest says."""
    newest = list_notifications(request.caller, PageQuery(limit=1), unread=True).rows
    text = sentence(Kind(newest[0].kind), newest[0].resource, LANGUAGE) if newest else ""
    return render(request, "desk/bell.html", {"unread": unread_count(request.caller), "newest": text})


@needs("notifications", "update")
def read(request: Call, notification_id: UUID) -> HttpResponse:
    """Mark as read, and go to what it is about."""
    told = notifications.mark_read(by=request.caller, notification_id=notification_id, now=clock.now())
    return see("appointment", told.resource_id) if told.resource == "appointments" else see("notifications")


@needs("notifications", "update")
def read_all(request: Call) -> HttpResponse:
    """Mark all that were seen as read."""
    notifications.mark_all_read(by=request.caller, up_to=said(UpTo, request.POST)["up_to"], now=clock.now())
    return see("notifications")


def list_shown(by: Caller, cursor: str | None) -> dict[str, object]:
    """What the page of notifications says. Raises Invalid."""
    found = list_notifications(by, PageQuery(cursor=cursor))
    here = ZoneInfo(organization_for_id(current_organization_id()).time_zone)
    return {
        "lines": [Line.of(each, here) for each in found.rows],
        "next": address("notifications", cursor=found.next) if found.next else "",
        "place": "notifications",
    }
