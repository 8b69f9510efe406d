"""The first page of the administration: how many there are, what waits, and what went on in the last weeks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse

from chiron.analytics.public import numbers
from chiron.audit.public import events_by_day
from chiron.identity.public import Account, Session
from chiron.identity.seats import Seat
from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.pages import may
from chiron.kernel.plots import Plot, columns, rows
from chiron.records.public import RecordType, written_since
from chiron.registry.public import glass_to_look_at, registered
from chiron.screening.public import Drift, drift_by_week
from chiron.tenancy.public import Organization

DAYS, WEEK, WEEKS = 30, 7, 26


@dataclass(frozen=True, slots=True)
class Count:
    """A number that leads to its list; one that waits for somebody stands out."""

    name: str
    number: int
    url: str
    waits: bool = False


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the seat's policy lets its caller count, by as many queries however much there is."""
    seat: Seat = request.seat  # type: ignore[attr-defined]
    if seat.organization is None:
        return context | {"counts": _of_the_platform(), "plots": []}
    counts, plots = _of_an_organization(seat.caller, ZoneInfo(seat.organization.time_zone), clock.now())
    return context | {"counts": counts, "plots": plots}


def _of_an_organization(by: Caller, zone: ZoneInfo, now: datetime) -> tuple[list[Count], list[Plot]]:
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    since = datetime.combine(days[0], time(), zone)
    counts: list[Count] = []
    plots: list[Plot] = []
    if may(by, "patients", "read") and may(by, "records", "read"):
        known, written = registered(by, today), written_since(by, since, zone)
        week = sum(written.days.get(day, 0) for day in days[-WEEK:])
        counts += [
            Count("Patients", known.patients, _list("registry_patient")),
            Count("Providers", known.providers, _list("registry_provider")),
            Count("Records written in the last 7 days", week, _list("records_record")),
            Count("Claims waiting", known.claims, _list("registry_claim"), waits=known.claims > 0),
        ]
        types = [(RecordType(kind).label, [count]) for kind, count in written.types.items()]
        plots += [
            columns(f"Records written in the last {DAYS} days", _each(days, {d: [n] for d, n in written.days.items()})),
            rows(f"Records of the last {DAYS} days by type", types),
            rows("Patients by age", [(_decade(age), [count]) for age, count in known.ages.items()]),
        ]
    plots += numbers(by, now)
    if may(by, "screening-models", "read") and (judged := drift_by_week(by, WEEKS)):
        points = [(each.week.isoformat(), _drifted(each)) for each in judged]
        plots.append(columns("Drift of the screening model by week, in hundredths", points, ("stable", "10 or more")))
    waiting = glass_to_look_at(by)
    glass = f"{_list('registry_brokenglass')}?waiting=on"
    counts.append(Count("Break-glass not looked at", waiting, glass, waits=waiting > 0))
    events = columns(
        f"Events of the last {DAYS} days", _each(days, events_by_day(by, since, zone)), ("done", "refused")
    )
    return counts, [*plots, events]


def _of_the_platform() -> list[Count]:
    return [
        Count("Organizations", Organization.objects.count(), _list("tenancy_organization")),
        Count("Accounts", Account.objects.filter(is_active=True).count(), _list("identity_account")),
        Count("Open sessions", Session.objects.filter(revoked_at=None, expires_at__gt=clock.now()).count(),
              _list("identity_session")),
    ]  # fmt: skip


def _each(days: list[date], numbers: Mapping[date, Any]) -> list[tuple[str, Any]]:
    return [(day.isoformat(), numbers.get(day, (0,))) for day in days]


def _drifted(drift: Drift) -> tuple[int, int]:
    worst = round(100 * drift.worst)
    return (worst, 0) if drift.verdict == "stable" else (0, worst)


def _decade(age: int) -> str:
    return "not known" if age < 0 else f"{age}–{age + 9}"


def _list(page: str) -> str:
    return reverse(f"admin:{page}_changelist")
