"""What is asked about one thing is answered of that one, where there are others beside it."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL
from chiron.kernel.errors import NotFound
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import Laboratory
from chiron.registry.services.erase import erase_patient
from chiron.screening import tasks
from chiron.screening.errors import OptedOut
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Batch, BundleState
from chiron.screening.public import patients_of_screenings
from chiron.screening.queries import Sought
from chiron.screening.services.bundles import suspend
from chiron.screening.services.confirming import link_results
from chiron.screening.services.drifting import judge
from chiron.screening.services.exporting import export_screenings
from chiron.screening.services.opting import (
    list_opt_outs,
    must_not_have_opted_out,
    opt_out_for,
    read_opt_out,
    set_opt_out,
)
from chiron.screening.standings import active_hashes, answering
from chiron.screening.tests.bundles import put
from chiron.screening.tests.factories import NOW, batch_of, counts_of, screened
from chiron.screening.tests.test_batches import AT, run_through
from chiron.screening.tests.test_bundles import stand
from chiron.screening.tests.test_confirming import LATER, measured
from chiron.screening.tests.test_watching import confirmed, drifted
from chiron.screening.watching import drift_by_week
from chiron.screening.words import BundleStanding, Mode
from chiron.tenancy.public import inside
from tests.town import Clinic

ACTIVE = (BundleStanding.VALIDATED, BundleStanding.ACTIVE)


@pytest.fixture
def other(bundle: Bundle, shelved: object) -> Bundle:
    """A second bundle on the shelf."""
    return put(shelved, version="2")  # type: ignore[arg-type]


def test_of_two_batches_each_tells_its_own_rows_and_errors(hilltop: Clinic, bundle: Bundle) -> None:
    [good] = counts_of(1).decode().splitlines()[1:]
    with inside(hilltop.id):
        lab = hilltop.who[Role.LAB]
        first, second = (
            batch_of(None, lab, counts_of(rows, good.replace("13.9", wrong))) for rows, wrong in ((1, "139"), (2, "x"))
        )
    for each in (first, second):
        run_through(hilltop, each.id)
    client = hilltop.client(Role.LAB)

    def told(batch: Batch) -> tuple[str, int, list[int], set[str]]:
        read = client.get(f"{AT}/{batch.id}").json()["batch"]
        made = client.get("/api/screening/history", {"batch": str(batch.id)}).json()["screenings"]
        refused = client.get(f"{AT}/{batch.id}/errors").json()["errors"]
        table = client.get(f"{AT}/{batch.id}/errors.csv").getvalue().decode().splitlines()
        return read["id"], len(made), [each["line"] for each in refused], {each.split(",")[0] for each in table[1:]}

    assert told(first) == (str(first.id), 1, [3], {"3"})
    assert told(second) == (str(second.id), 2, [4], {"4"})


def test_a_job_works_on_its_batch_alone(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        first, second = (batch_of(None, hilltop.who[Role.LAB]) for _ in range(2))

        tasks.run_batch(batch_id=second.id, after=0)

        done = dict(Batch.objects.values_list("id", "done"))
    assert done == {first.id: 0, second.id: 1}


def test_the_history_of_one_laboratory_is_that_of_no_other(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        blood, bone = (Laboratory.objects.create(name=name, code=name) for name in ("Blood", "Bone"))
        made, _ = (screened(laboratory_id=each.id) for each in (blood, bone))

    found = hilltop.client(Role.ADMIN).get("/api/screening/history", {"laboratory": str(blood.id)}).json()

    assert [UUID(each["id"]) for each in found["screenings"]] == [made.id]


def test_an_attempt_is_about_whom_the_screenings_it_names_are_about(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        named, anonymous, _ = screened(hilltop.patient_id), screened(), screened(hilltop.other_patient_id)

        assert patients_of_screenings([named.id, anonymous.id]) == [hilltop.patient_id]


def test_what_became_of_one_model_is_said_of_no_other(hilltop: Clinic, bundle: Bundle, other: Bundle) -> None:
    stand(hilltop, other, *ACTIVE, BundleStanding.SUSPENDED, BundleStanding.RETIRED)
    stand(hilltop, bundle, BundleStanding.VALIDATED)

    models = hilltop.client(Role.ADMIN).get("/api/screening/models").json()["models"]

    told = {each["content_hash"]: (each["state"], len(each["history"])) for each in models}
    assert told[bundle.content_hash] == ("validated", 1)
    assert told[other.content_hash] == ("retired", 4)
    assert ("research-only", 0) in told.values()


def test_a_model_that_is_retired_silences_no_other(hilltop: Clinic, bundle: Bundle, other: Bundle) -> None:
    stand(hilltop, other, BundleStanding.RETIRED)

    with inside(hilltop.id):
        standing = answering(Mode.RESEARCH)
    assert standing is not None
    assert (standing.bundle.content_hash, standing.state) == (bundle.content_hash, BundleStanding.RESEARCH_ONLY)


def test_chiron_suspends_the_model_that_drifted_and_no_other(hilltop: Clinic, bundle: Bundle, other: Bundle) -> None:
    stand(hilltop, bundle, *ACTIVE)
    stand(hilltop, other, BundleStanding.VALIDATED)

    with inside(hilltop.id):
        done = suspend(by=hilltop.who[Role.ADMIN], content_hash=other.content_hash, reason="Drift", now=NOW)

        assert (done, active_hashes()) == (False, [bundle.content_hash])


def test_the_drift_of_the_active_model_is_drawn_else_that_of_the_one_judged_last(
    hilltop: Clinic, bundle: Bundle, other: Bundle
) -> None:
    by = hilltop.who[Role.ADMIN]
    with inside(hilltop.id):
        assert drift_by_week(by, 10) == []
        rows = [drifted(each, date(2031, 3, day)) for day in (3, 10, 17) for each in (bundle, other)]
        mine, theirs = rows[::2], rows[1::2]

        assert drift_by_week(by, 10) == theirs
        BundleState.objects.create(bundle_hash=bundle.content_hash, state=BundleStanding.ACTIVE)
        assert drift_by_week(by, 10) == mine
        assert drift_by_week(by, 2) == mine[1:]


def test_the_page_of_one_judgement_is_of_no_other(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        _, second = drifted(bundle, date(2031, 3, 3), mcv=0.31), drifted(bundle, date(2031, 3, 10), mcv=0.17)

    page = hilltop.desk(Role.ADMIN).get(f"/admin/screening/drift/{second.id}/change/").content.decode()

    assert ("0.170" in page, "0.310" in page) == (True, False)


def test_what_was_measured_later_counts_for_the_model_that_answered(
    hilltop: Clinic, bundle: Bundle, other: Bundle
) -> None:
    with inside(hilltop.id):
        confirmed(hilltop, bundle, "DEFICIENT", [150.0] * 12)
        confirmed(hilltop, other, "DEFICIENT", [250.0] * 15)

    found = hilltop.client(Role.ADMIN).get("/api/screening/outcomes").json()["outcomes"]

    assert {(each["model_hash"], each["measured"], each["agreeing"]) for each in found} == {
        (bundle.content_hash, 12, 12), (other.content_hash, 15, 0),
    }  # fmt: skip


def test_a_model_is_judged_by_what_it_was_asked_itself_and_lately(
    hilltop: Clinic, bundle: Bundle, other: Bundle
) -> None:
    day = timedelta(days=1)
    with inside(hilltop.id):
        for each, made_at in (
            (bundle, NOW - day), (bundle, NOW), (bundle, NOW + day), (bundle, NOW - 28 * day), (other, NOW - 28 * day),
            (other, NOW + day),
        ):  # fmt: skip
            screened(bundle_hash=each.content_hash, made_at=made_at)

        assert [(each.bundle_hash, each.rows) for each in judge(NOW)] == [(bundle.content_hash, 2)]
        screened(bundle_hash=other.content_hash, made_at=NOW)
        assert [(each.bundle_hash, each.rows) for each in judge(NOW)] == [(other.content_hash, 1)]


def test_who_opts_out_or_comes_back_does_so_for_nobody_else(hilltop: Clinic, bundle: Bundle) -> None:
    by, mine, theirs = hilltop.who[Role.ADMIN], hilltop.patient_id, hilltop.other_patient_id
    said_at = NOW - timedelta(days=1)
    with inside(hilltop.id):
        screened(theirs, made_at=NOW)
        assert set_opt_out(by=by, patient_id=mine, opted_out=True, now=said_at).since == said_at

        assert not read_opt_out(by, theirs).opted_out
        must_not_have_opted_out(theirs)
        assert not set_opt_out(by=by, patient_id=theirs, opted_out=False, now=NOW).opted_out
        with pytest.raises(OptedOut):
            must_not_have_opted_out(mine)


def test_who_opted_out_is_told_to_whom_reaches_them(hilltop: Clinic) -> None:
    admin, doctor = hilltop.who[Role.ADMIN], hilltop.who[Role.DOCTOR]
    with inside(hilltop.id):
        mine, theirs = hilltop.patient_id, hilltop.other_patient_id
        for patient_id in (mine, theirs):
            set_opt_out(by=admin, patient_id=patient_id, opted_out=True, now=NOW)
        row = {each.patient_id: each.id for each in list_opt_outs(admin, PageQuery()).rows}

        assert [each.patient_id for each in list_opt_outs(doctor, PageQuery()).rows] == [mine]
        assert (opt_out_for(admin, row[theirs]).patient_id, opt_out_for(doctor, row[mine]).patient_id) == (theirs, mine)
        for refused in (lambda: opt_out_for(doctor, row[theirs]), lambda: read_opt_out(doctor, theirs)):
            with pytest.raises(NotFound):
                refused()


def test_what_is_made_while_a_file_is_taken_out_is_not_in_its_event(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        screened(hilltop.patient_id, recorded_at=NOW - timedelta(days=1))
        screened(hilltop.other_patient_id, recorded_at=NOW)

        export_screenings(by=hilltop.who[Role.ADMIN], sought=Sought(), name="csv", now=NOW)

        event = Event.objects.using(CLINICAL).get(action="screening.exported")
    assert event.subjects == [hilltop.patient_id]


def test_of_whom_nothing_is_left_no_result_is_looked_for(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        screened(hilltop.patient_id)
        measured(hilltop)
        link_results(LATER)
        erase_patient(by=hilltop.who[Role.ADMIN], patient_id=hilltop.patient_id, reason="Asked for", now=LATER)

        assert link_results(LATER) == 0
