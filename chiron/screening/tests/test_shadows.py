"""A model in the shadow of the active one is asked what the active one is, and nobody is told what it says."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connections
from django.test.utils import CaptureQueriesContext

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, atomic
from chiron.registry.services.erase import erase_patient
from chiron.screening import shelf
from chiron.screening.admin_models import id_of
from chiron.screening.model.bundles import Bundle
from chiron.screening.model.folders import read_bundle
from chiron.screening.models import BundleState, Drift, ShadowAnswer
from chiron.screening.services.classify import classify
from chiron.screening.services.drifting import judge
from chiron.screening.shapes import COUNT, Classify
from chiron.screening.standings import answering
from chiron.screening.tests.bundles import AGE, MCV, put, stage
from chiron.screening.tests.factories import batch_of, counts_of
from chiron.screening.tests.test_batches import run_through
from chiron.screening.tests.test_bundles import patch, stand
from chiron.screening.tests.test_classify_api import LARGE, ask
from chiron.screening.words import BundleStanding, Mode
from chiron.tenancy.public import inside
from tests.desk import filled
from tests.town import Clinic

ACTIVE = (BundleStanding.VALIDATED, BundleStanding.ACTIVE)
SHADOW = (BundleStanding.VALIDATED, BundleStanding.SHADOW)


@pytest.fixture
def shadow(shelved: Path, hilltop: Clinic, bundle: Bundle) -> Bundle:
    """A second model, which calls cells large from 80 fL on, in the shadow of the first."""
    made = put(shelved, version="2", stages=[stage(MCV, 80.0, rate=0.2), stage(AGE, 60.0, rate=0.1)])
    stand(hilltop, bundle, *ACTIVE)
    stand(hilltop, made, *SHADOW)
    return made


def kept(clinic: Clinic) -> list[ShadowAnswer]:
    with inside(clinic.id):
        return list(ShadowAnswer.objects.select_related("screening").order_by("id"))


def test_whatever_the_active_model_is_asked_the_one_in_its_shadow_is_asked_too(
    hilltop: Clinic, bundle: Bundle, shadow: Bundle
) -> None:
    said = ask(hilltop, cbc=COUNT, mode="clinical").json()["screening"]

    [row] = kept(hilltop)
    assert (said["class"], said["model"]["content_hash"]) == ("NORMAL", bundle.content_hash)
    assert (str(row.screening_id), row.bundle_hash) == (said["id"], shadow.content_hash)
    assert (row.outcome, row.result_class, row.made_at) == ("classified", "DEFICIENT", row.screening.made_at)
    assert [row.p_normal, row.p_borderline, row.p_deficient] == [0.5, 0.25, 0.25]


def test_of_whom_it_may_not_be_asked_it_says_why(hilltop: Clinic, shadow: Bundle) -> None:
    ask(hilltop, pregnant=True)

    [row] = kept(hilltop)
    assert (row.outcome, row.reasons, row.p_normal, row.result_class) == ("abstained", ["pregnant"], None, "")


def test_nobody_is_told_what_it_says(hilltop: Clinic, bundle: Bundle, shadow: Bundle) -> None:
    alone = answer_of(ask(hilltop, patient_id=str(hilltop.patient_id)).json())
    admin, lab = hilltop.client(Role.ADMIN), hilltop.client(Role.LAB)

    [made] = kept(hilltop)
    at = f"/api/screening/{made.screening_id}"
    told = [admin.get(f"/api/screening/{each}").getvalue() for each in ("history", "export", "drift", "outcomes")]
    told += [admin.get(at).getvalue(), admin.get(f"{at}/fhir").getvalue()]
    assert not [each for each in told if shadow.content_hash.encode() in each or str(made.id).encode() in each]
    assert lab.get("/api/screening/shadow").status_code == 403
    stand(hilltop, shadow, BundleStanding.VALIDATED)
    assert answer_of(ask(hilltop, patient_id=str(hilltop.patient_id)).json()) == alone


def answer_of(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said["screening"].items() if name not in ("id", "made_at")}


def test_it_counts_in_no_drift(hilltop: Clinic, bundle: Bundle, shadow: Bundle) -> None:
    ask(hilltop)

    with inside(hilltop.id):
        assert [each.bundle_hash for each in judge(now() + timedelta(seconds=1))] == [bundle.content_hash]
        assert Drift.objects.get().rows == 1


def remove(shelved: Path, shadow: Bundle) -> None:
    shutil.rmtree(shelved / shadow.content_hash)


def damage(shelved: Path, shadow: Bundle) -> None:
    file = shelved / shadow.content_hash / "bundle.json"
    file.write_bytes(file.read_bytes()[:-20])


def cut_off(shelved: Path, shadow: Bundle) -> None:
    (shelved / shadow.content_hash / "card.json").unlink()


@pytest.mark.parametrize("harm", [remove, damage, cut_off])
def test_a_shadow_whose_file_is_away_or_damaged_harms_no_answer(
    hilltop: Clinic, shadow: Bundle, shelved: Path, harm: Callable[[Path, Bundle], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    whole = answer_of(ask(hilltop).json())
    harm(shelved, shadow)
    shelf._bundle.cache_clear()
    shelf._attempt.cache_clear()
    read = []

    def reading(folder: Path) -> Bundle:
        read.append(folder.name)
        return read_bundle(folder)

    monkeypatch.setattr(shelf, "read_bundle", reading)

    answers = [ask(hilltop) for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 200, 200]
    assert [answer_of(each.json()) for each in answers] == [whole] * 3
    assert [each.outcome for each in kept(hilltop)] == ["classified", "failed", "failed", "failed"]
    assert read.count(shadow.content_hash) <= 1


@pytest.mark.parametrize(
    "changes",
    [
        {"thresholds": {"low": {"chance": 0.3}}},
        {"thresholds": {"low": {"probability": "much"}}},
        {"features": ["mcv"], "boxes": {"mcv": [60.0, 130.0]}, "stages": [stage(0, 100.0, rate=0.2)] * 2},
    ],
)
def test_a_shadow_that_fails_harms_no_answer(
    hilltop: Clinic, bundle: Bundle, shelved: Path, changes: dict[str, Any]
) -> None:
    stand(hilltop, bundle, *ACTIVE)
    stand(hilltop, put(shelved, version="3", **changes), *SHADOW)

    answer = ask(hilltop)

    assert (answer.status_code, answer.json()["screening"]["class"]) == (200, "DEFICIENT")
    assert [(each.outcome, each.p_normal) for each in kept(hilltop)] == [("failed", None)]


def queries(clinic: Clinic, number: int) -> list[str]:
    """What the database is asked to classify so many counts."""
    count = Classify.model_validate({"age": 67, "sex": "male", "cbc": LARGE})
    with inside(clinic.id), CaptureQueriesContext(connections[CLINICAL]) as captured:
        for _ in range(number):
            classify(by=clinic.who[Role.ADMIN], asked=count.asked(), now=now())
    return [each["sql"] for each in captured]


def test_a_shadow_costs_one_row_and_no_question_more(hilltop: Clinic, bundle: Bundle, shadow: Bundle) -> None:
    queries(hilltop, 1)
    with_one = queries(hilltop, 3)
    stand(hilltop, shadow, BundleStanding.VALIDATED)

    without = queries(hilltop, 3)

    more = [each for each in with_one if "screening_shadowanswer" in each]
    assert len(more) == 3
    assert all(each.startswith("INSERT") for each in more)
    assert len(with_one) - len(more) == len(without)


def test_its_row_travels_with_the_commit(lakeside: Clinic, bundle: Bundle, shelved: Path) -> None:
    stand(lakeside, bundle, *ACTIVE)
    stand(lakeside, put(shelved, version="2"), *SHADOW)

    sent = queries(lakeside, 1)

    assert not [each for each in sent if "screening_shadowanswer" in each]
    assert len(kept(lakeside)) == 1


def test_the_rows_of_a_file_are_compared_too(hilltop: Clinic, shadow: Bundle) -> None:
    with inside(hilltop.id):
        batch = batch_of(None, hilltop.who[Role.ADMIN], counts_of(5, "broken"))

    found = run_through(hilltop, batch.id)

    assert (found.classified, found.refused, len(kept(hilltop))) == (5, 1, 5)


def test_without_an_active_model_there_is_no_shadow(hilltop: Clinic, bundle: Bundle, shadow: Bundle) -> None:
    stand(hilltop, bundle, BundleStanding.VALIDATED)

    answer = ask(hilltop)

    with inside(hilltop.id):
        standing = answering(Mode.RESEARCH)
        assert answering(Mode.CLINICAL) is None
    assert standing is not None
    assert (standing.bundle.content_hash, standing.shadow) == (bundle.content_hash, None)
    assert (answer.json()["screening"]["model"]["state"], kept(hilltop)) == ("validated", [])


def test_only_a_validated_model_runs_in_the_shadow_and_only_one_does(
    hilltop: Clinic, bundle: Bundle, shadow: Bundle, shelved: Path
) -> None:
    newest = put(shelved, version="3")
    early = patch(hilltop, newest, "shadow")
    stand(hilltop, newest, BundleStanding.VALIDATED)
    by_lab = patch(hilltop, newest, "shadow", Role.LAB)

    late = patch(hilltop, newest, "shadow")

    assert (early.status_code, by_lab.status_code, late.status_code) == (409, 403, 200)
    assert late.json()["model"]["history"][0]["person"] == "Dr Ama Mensah"
    with inside(hilltop.id):
        assert set(BundleState.objects.values_list("bundle_hash", "state")) == {
            (bundle.content_hash, "active"), (shadow.content_hash, "validated"), (newest.content_hash, "shadow"),
        }  # fmt: skip
        with pytest.raises(IntegrityError, match="one_bundle_runs_in_the_shadow"), atomic(CLINICAL):
            BundleState.objects.create(bundle_hash="1" * 64, state=BundleStanding.SHADOW)


def test_out_of_the_shadow_it_becomes_active_and_the_way_back_is_open(
    hilltop: Clinic, bundle: Bundle, shadow: Bundle
) -> None:
    assert patch(hilltop, shadow, "active").status_code == 200
    assert ask(hilltop, mode="clinical").json()["screening"]["model"]["version"] == "2"
    assert patch(hilltop, bundle, "shadow").status_code == 200

    back = hilltop.client(Role.ADMIN).post(
        f"/api/screening/models/{shadow.content_hash}/rollback", {"person": "Dr Osei", "reason": "It is worse."},
        content_type="application/json",
    )  # fmt: skip

    assert (back.status_code, back.json()["model"]["content_hash"]) == (200, bundle.content_hash)


def test_of_whom_is_erased_no_shadow_is_left(hilltop: Clinic, shadow: Bundle) -> None:
    ask(hilltop, patient_id=str(hilltop.patient_id))
    ask(hilltop)

    with inside(hilltop.id):
        erase_patient(by=hilltop.who[Role.ADMIN], patient_id=hilltop.patient_id, reason="Asked for", now=now())

    assert [each.screening.patient_id for each in kept(hilltop)] == [None]


def test_the_administration_lets_a_model_run_in_the_shadow(hilltop: Clinic, shadow: Bundle, shelved: Path) -> None:
    newest = put(shelved, version="3")
    stand(hilltop, newest, BundleStanding.VALIDATED)
    browser, at = hilltop.desk(Role.ADMIN), f"/admin/screening/bundlestate/{id_of(newest.content_hash)}/"

    form = filled(browser.get(f"{at}stand/"), state="shadow", person="Dr Mensah", reason="To compare")
    answer = browser.post(f"{at}stand/", form)

    assert answer.status_code == 302
    with inside(hilltop.id):
        assert BundleState.objects.get(state="shadow").bundle_hash == newest.content_hash
