"""The first page: what it counts, for whom, by how many queries; and the plots on it."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.ids import first_id, new_id
from chiron.kernel.plots import columns, rows
from chiron.records.public import RecordType, Statement, write_record
from chiron.registry.public import patient_for
from chiron.registry.services.glass import break_glass
from chiron.registry.tests.factories import join, registered
from chiron.screening.public import Drift
from chiron.tenancy.public import inside
from tests.town import Clinic


def counts(page: str) -> dict[str, int]:
    """The numbers of the dashboard by their names."""
    found = re.findall(r'<p class="chiron-count[^"]*">(\d+)</p>\s*<p>([^<]+)</p>', page)
    return {name: int(number) for number, name in found}


def note(clinic: Clinic, patient_id: Any) -> None:
    by = clinic.who[Role.ADMIN]
    with inside(clinic.id):
        patient = patient_for(by, patient_id)
        write_record(by=by, patient=patient, statement=Statement(record_type=RecordType.NOTE, title="Cough"), now=now())


def smash(clinic: Clinic) -> None:
    with inside(clinic.id):
        break_glass(by=clinic.who[Role.DOCTOR], patient_id=clinic.other_patient_id, reason="An emergency", now=now())


def test_it_counts_the_organization_and_nobody_elses(hilltop: Clinic, riverside: Clinic) -> None:
    registered(riverside)
    note(riverside, riverside.patient_id)
    smash(riverside)
    for _ in range(2):
        note(hilltop, hilltop.patient_id)
    smash(hilltop)
    join(hilltop, "PATIENT", "adwoa")

    page = hilltop.desk(Role.ADMIN).get("/admin/").content.decode()

    assert counts(page) == {
        "Patients": 2,
        "Providers": 2,
        "Records written in the last 7 days": 2,
        "Claims waiting": 1,
        "Break-glass not looked at": 1,
    }
    assert 'aria-label="Records of the last 30 days by type. Note: 2"' in page
    assert page.count('<svg class="chiron-plot"') == 4


def test_drift_of_the_screening_model_is_drawn_by_week(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        for week, worst, verdict in ((3, 0.04, "stable"), (10, 0.12, "warning"), (17, 0.31, "alarm")):
            Drift.objects.create(
                bundle_hash="a" * 64, week=date(2031, 3, week), rows=400, verdict=verdict, at=now(),
                indices={"mcv": worst, "age": 0.01},
            )  # fmt: skip

    page = hilltop.desk(Role.ADMIN).get("/admin/").content.decode()

    assert (
        'aria-label="Drift of the screening model by week, in hundredths. '
        '2031-03-03: 4 + 0; 2031-03-10: 0 + 12; 2031-03-17: 0 + 31"'
    ) in page


def test_the_privacy_officer_counts_what_is_theirs(hilltop: Clinic) -> None:
    smash(hilltop)

    page = hilltop.desk(Role.PRIVACY_OFFICER).get("/admin/").content.decode()

    assert counts(page) == {"Break-glass not looked at": 1}
    assert page.count('<svg class="chiron-plot"') == 1


def test_what_was_looked_at_waits_no_longer(hilltop: Clinic) -> None:
    smash(hilltop)
    browser = hilltop.desk(Role.PRIVACY_OFFICER)
    [glass] = re.findall(r"/admin/registry/brokenglass/([0-9a-f-]{36})/change/",
                         browser.get("/admin/registry/brokenglass/").content.decode())  # fmt: skip

    browser.post(f"/admin/registry/brokenglass/{glass}/acknowledge/")

    assert counts(browser.get("/admin/").content.decode()) == {"Break-glass not looked at": 0}
    assert glass not in browser.get("/admin/registry/brokenglass/?waiting=on").content.decode()


def test_it_takes_nine_counting_queries_however_much_there_is(hilltop: Clinic) -> None:
    browser = hilltop.desk(Role.ADMIN)
    taken = []
    for _ in range(3):
        with CaptureQueriesContext(connections["clinical"]) as captured:
            browser.get("/admin/")
        counting = [query for query in captured.captured_queries if "COUNT(" in query["sql"]]
        taken.append((len(captured), len(counting)))
        registered(hilltop, identifiers=[])
        note(hilltop, hilltop.patient_id)
        smash(hilltop)

    assert len(set(taken)) == 1, taken
    assert taken[0][1] == 9


def test_it_names_nobody_and_so_is_no_event(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        before = Event.objects.using("clinical").count()

    page = hilltop.desk(Role.ADMIN).get("/admin/").content.decode()

    with inside(hilltop.id):
        assert Event.objects.using("clinical").count() == before
    assert "Mensah" not in page


def test_an_id_made_at_an_instant_lies_at_its_beginning_or_after() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=2)

    made = new_id()

    assert first_id(before) < made < first_id(datetime.now(UTC) + timedelta(milliseconds=2))


def test_columns_stand_on_each_other_in_proportion() -> None:
    plot = columns("Events", [("Monday", (3, 1)), ("Tuesday", (0, 2))], ("done", "refused"))

    heights = [float(each) for each in re.findall(r'height="([\d.]+)"><title>', plot.drawing)]
    assert [round(each / heights[1], 1) for each in heights] == [3, 1, 2]
    assert "<title>Monday: 3</title>" in plot.drawing
    assert plot.legend == ("done", "refused")


@pytest.mark.parametrize("draw", [columns, rows])
def test_a_plot_of_nothing_says_so_and_names_are_escaped(draw: Any) -> None:
    assert draw("Nothing", []).drawing == "<p>Nothing yet.</p>"
    assert draw("Nothing", [("a", [0])]).drawing == "<p>Nothing yet.</p>"
    assert "<script>" not in draw("<script>", [("<script>", [1])]).drawing
