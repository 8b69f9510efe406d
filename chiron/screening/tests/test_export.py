"""Screenings as a file: the same rows as the history shows, one event, and who took them out in the file itself."""

import csv
import io
import json
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import openpyxl  # type: ignore[import-untyped]
import pytest
from django.test import Client

from chiron.audit.models import Event
from chiron.audit.payloads import said_by
from chiron.audit.trails import Trail
from chiron.identity.models import Membership
from chiron.identity.public import Role, begin
from chiron.identity.services.organizations import change_organization
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL
from chiron.kernel.ids import NIL, new_id
from chiron.registry.models import Patient
from chiron.screening.models import Screening
from chiron.screening.services import exporting
from chiron.screening.tests.factories import FEATURES, NOW
from chiron.screening.tests.factories import screened as made_screening
from chiron.tenancy.public import inside
from tests.town import OPERATOR, Clinic

EXPORT = "/api/screening/export"


def screened(patient_id: UUID | None = None, **said: Any) -> Screening:
    """A screening that was recorded before it is exported."""
    return made_screening(patient_id, **{"recorded_at": now() - timedelta(seconds=1)} | said)


def lines(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.content
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode(), newline="")))


def ids(answer: Any) -> list[UUID]:
    *rows, _ = lines(answer)
    return [UUID(row["id"]) for row in rows]


def events(clinic: Clinic) -> list[Event]:
    with inside(clinic.id):
        return list(Event.objects.using(CLINICAL).filter(action="screening.exported"))


def signed_in(clinic: Clinic, role: Role, shown: timedelta | None) -> Client:
    """Somebody who showed a second factor that long ago, or never."""
    member = Membership.objects.select_related("account").get(id=clinic.who[role].membership_id or NIL)
    mfa_at = None if shown is None else now() - shown
    token = begin(by=Caller(), account=member.account, membership=member, mfa_at=mfa_at, now=now()).access
    return Client(headers={"authorization": f"Bearer {token}"})


def test_every_form_says_the_same_rows_and_who_took_them_out(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        made = screened(hilltop.patient_id, reasons=[], made_at=NOW)
        other = screened(made_at=NOW - timedelta(days=1))
    client, account = hilltop.client(Role.ADMIN), str(hilltop.who[Role.ADMIN].account_id)

    table = client.get(EXPORT)
    *rows, last = lines(table)
    *objects, mark = map(json.loads, client.get(EXPORT, {"format": "ndjson"}).getvalue().splitlines())
    book = openpyxl.load_workbook(io.BytesIO(client.get(EXPORT, {"format": "xlsx"}).getvalue()))

    assert table["Content-Disposition"] == 'attachment; filename="screenings.csv"'
    assert table["Cache-Control"] == "no-store"
    head, first, _ = book["Screenings"].values
    assert [row["id"] for row in rows] == [each["id"] for each in objects] == [str(made.id), str(other.id)]
    assert head == tuple(rows[0]) == tuple(objects[0]) == exporting.COLUMNS
    assert first[0] == str(made.id)
    assert rows[0]["patient_id"] == str(hilltop.patient_id)
    assert (rows[0]["class"], rows[0]["p_deficient"], rows[0]["hemoglobin [g/dL]"]) == ("NORMAL", "0.02", "13.5")
    assert [objects[0][name] for name in exporting.COLUMNS[-14:]] == list(FEATURES[:14])
    assert account in last["id"]
    assert last["id"].endswith("rows: 2")
    assert (mark["export"]["exported_by"], mark["export"]["organization"]) == (account, "Hilltop")
    assert book["About"]["B2"].value == account


def test_an_export_is_one_event_about_everybody_in_it(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        for patient_id in (hilltop.patient_id, hilltop.patient_id, hilltop.other_patient_id, None):
            screened(patient_id)

    hilltop.client(Role.ADMIN).get(EXPORT, {"format": "ndjson", "class": "NORMAL"}).getvalue()

    [event] = events(hilltop)
    assert set(event.subjects) == {hilltop.patient_id, hilltop.other_patient_id}
    assert len(event.subjects) == 2
    with inside(hilltop.id):
        [said] = said_by(Trail(hilltop.id), [event])
    assert said["details"] == {"result_class": "NORMAL", "format": "ndjson", "rows": 4}


def test_nobody_takes_out_more_than_they_see(hilltop: Clinic, riverside: Clinic) -> None:
    with inside(riverside.id):
        screened(riverside.patient_id)
    with inside(hilltop.id):
        theirs = screened(hilltop.patient_id)
        another = screened(hilltop.other_patient_id, made_at=NOW - timedelta(days=1))

    assert ids(hilltop.client(Role.DOCTOR).get(EXPORT)) == [theirs.id]
    assert ids(hilltop.client(Role.LAB).get(EXPORT)) == []
    assert ids(hilltop.client(Role.ADMIN).get(EXPORT)) == [theirs.id, another.id]
    assert ids(hilltop.client(Role.ADMIN).get(EXPORT, {"to": NOW.isoformat()})) == [another.id]
    for role in (Role.PATIENT, Role.RECEPTIONIST, Role.RESEARCHER, Role.PRIVACY_OFFICER):
        assert hilltop.client(role).get(EXPORT).status_code == 403


def test_a_long_export_is_read_page_by_page_and_whole(hilltop: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "AT_A_TIME", 3)
    with inside(hilltop.id):
        made = [screened().id for _ in range(10)]

    assert ids(hilltop.client(Role.ADMIN).get(EXPORT)) == sorted(made, reverse=True)


def test_what_is_made_while_it_is_sent_is_not_in_it(hilltop: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "AT_A_TIME", 1)
    with inside(hilltop.id):
        made = [screened().id for _ in range(2)]
    answer = hilltop.client(Role.ADMIN).get(EXPORT)
    pieces = iter(answer.streaming_content)  # type: ignore[attr-defined]
    content = next(pieces) + next(pieces)

    with inside(hilltop.id):
        screened(made_at=NOW - timedelta(days=1), recorded_at=now() + timedelta(seconds=1))
    content += b"".join(pieces)

    *rows, last = csv.DictReader(io.StringIO(content.decode(), newline=""))
    assert [UUID(row["id"]) for row in rows] == sorted(made, reverse=True)
    assert last["id"].endswith("rows: 2")


def test_more_rows_than_a_file_takes_are_refused_and_nothing_is_said_to_be_exported(
    hilltop: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST_ROWS", 2)
    with inside(hilltop.id):
        for _ in range(3):
            screened()

    answer = hilltop.client(Role.ADMIN).get(EXPORT)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-many-to-export")
    assert answer.json()["limit"] == 2
    assert events(hilltop) == []


@pytest.mark.parametrize("asked", [{"format": "pdf"}, {"class": "x"}, {"from": "yesterday"}])
def test_an_export_that_cannot_be_is_refused(hilltop: Clinic, asked: dict[str, str]) -> None:
    assert hilltop.client(Role.ADMIN).get(EXPORT, asked).status_code == 422
    assert events(hilltop) == []


def test_the_second_factor_is_shown_again_where_the_organization_wants_it(hilltop: Clinic) -> None:
    late, never = timedelta(minutes=5, seconds=2), None
    for shown in (late, never):
        assert signed_in(hilltop, Role.LAB, shown).get(EXPORT).status_code == 200
    wanted = {"policies": {"exports_step_up": True}}
    change_organization(by=OPERATOR, organization_id=hilltop.id, changes=wanted, now=now())
    before = len(events(hilltop))

    for shown in (late, never):
        answer = signed_in(hilltop, Role.LAB, shown).get(EXPORT)
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/step-up-required")

    assert len(events(hilltop)) == before
    assert signed_in(hilltop, Role.LAB, timedelta(0)).get(EXPORT).status_code == 200


def test_an_erased_patient_is_in_no_file(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        screened(hilltop.patient_id)
        Patient.objects.filter(id=hilltop.patient_id).update(erased_at=NOW)

    assert ids(hilltop.client(Role.ADMIN).get(EXPORT)) == []


@pytest.mark.stress
@pytest.mark.parametrize("name", ["csv", "xlsx", "ndjson"])
def test_fifty_thousand_rows_take_little_memory(hilltop: Clinic, name: str, told: Callable[[str], None]) -> None:
    with inside(hilltop.id):
        one = screened(hilltop.patient_id)
        said = {field.attname: getattr(one, field.attname) for field in Screening._meta.concrete_fields}
        made_at = (NOW - timedelta(minutes=number) for number in range(49_999))
        rows = (Screening(**said | {"id": new_id(), "made_at": at}) for at in made_at)
        Screening.objects.bulk_create(rows, batch_size=1_000)
    client = hilltop.client(Role.ADMIN)

    tracemalloc.start()
    before, size = monotonic(), 0
    answer = client.get(EXPORT, {"format": name})
    assert answer.status_code == 200
    for piece in answer.streaming_content:  # type: ignore[attr-defined]
        size += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 32 * 2**20
    seconds = monotonic() - before
    told(f"50,000 screenings as {name}: {size / 2**20:.0f} MiB in {seconds:.0f} s, {peak / 2**20:.1f} MiB held")
