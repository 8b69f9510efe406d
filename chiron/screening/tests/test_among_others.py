"""What is asked about one thing is answered of that one, where there are others beside it."""

from datetime import date
from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.registry.public import Laboratory
from chiron.screening import tasks
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Batch, BundleState
from chiron.screening.public import patients_of_screenings
from chiron.screening.services.bundles import suspend
from chiron.screening.standings import active_hashes, answering
from chiron.screening.tests.bundles import put
from chiron.screening.tests.factories import NOW, batch_of, counts_of, screened
from chiron.screening.tests.test_batches import AT, run_through
from chiron.screening.tests.test_bundles import stand
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
