"""Which model answers: a named person says so, and a model that is not good enough is never active."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL
from chiron.kernel.errors import DomainError, Invalid
from chiron.screening import shelf
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import BundleChange, BundleState, Screening
from chiron.screening.services.bundles import Words, change_state, suspend
from chiron.screening.shapes import COUNT
from chiron.screening.standings import active_hashes, answering
from chiron.screening.tests.bundles import put
from chiron.screening.tests.factories import NOW
from chiron.screening.words import BundleStanding, Mode
from chiron.tenancy.public import inside
from tests.town import Clinic

SAID = {"person": "Dr Ama Mensah", "reason": "Validated on our own patients of 2030."}


def patch(clinic: Clinic, bundle: Bundle, state: str, role: Role = Role.ADMIN, **said: Any) -> Any:
    headers = said.pop("headers", {})
    at = f"/api/screening/models/{bundle.content_hash}"
    return clinic.client(role).patch(
        at, SAID | {"state": state} | said, content_type="application/json", headers=headers
    )


def stand(clinic: Clinic, bundle: Bundle, *states: BundleStanding) -> None:
    with inside(clinic.id):
        for state in states:
            change_state(
                by=clinic.who[Role.ADMIN], content_hash=bundle.content_hash, state=state, words=Words(**SAID), now=NOW
            )


def changes(clinic: Clinic) -> int:
    with inside(clinic.id):
        return BundleChange.objects.count()


def test_models_are_shown_with_card_gate_and_state(hilltop: Clinic, bundle: Bundle) -> None:
    answer = hilltop.client(Role.LAB).get("/api/screening/models").json()

    shipped, model = answer["models"]
    assert (shipped["id"], shipped["state"], shipped["gate"]["passed"]) == ("nhanes-2003-1", "research-only", False)
    assert (model["id"], model["content_hash"], model["state"]) == ("by-hand-1", bundle.content_hash, "research-only")
    assert (model["card"]["intended_use"], model["gate"]["passed"], model["history"]) == ("tests", True, [])


def test_a_model_becomes_active_step_by_step_by_a_named_person(hilltop: Clinic, bundle: Bundle) -> None:
    first, second = patch(hilltop, bundle, "validated"), patch(hilltop, bundle, "active")

    assert (first.status_code, second.status_code) == (200, 200)
    model = second.json()["model"]
    assert [(each["state"], each["person"], each["reason"]) for each in model["history"]] == [
        ("active", *SAID.values()), ("validated", *SAID.values()),
    ]  # fmt: skip
    assert {each["account_id"] for each in model["history"]} == {str(hilltop.who[Role.ADMIN].account_id)}
    with inside(hilltop.id):
        assert active_hashes() == [bundle.content_hash]
        assert Event.objects.using(CLINICAL).filter(action="screening_model.changed").count() == 2
        assert b"Mensah" not in b"".join(bytes(each.words) for each in BundleChange.objects.all())


@pytest.mark.parametrize("state", ["active", "suspended", "research-only"])
def test_a_state_that_does_not_follow_is_refused(state: str, hilltop: Clinic, bundle: Bundle) -> None:
    answer = patch(hilltop, bundle, state)

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (409, "/problems/illegal-bundle-state")
    assert (problem["state"], problem["allowed"]) == ("research-only", ["validated", "retired"])
    assert changes(hilltop) == 0


def test_a_model_that_did_not_pass_the_gate_is_never_validated(hilltop: Clinic, shelved: Path) -> None:
    poor = put(shelved, gate={"passed": False, "reasons": ["Stage 1: the lower bound of the AUC is 0.52."]})

    answer = patch(hilltop, poor, "validated")

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/gate-not-passed")
    assert answer.json()["reasons"] == ["Stage 1: the lower bound of the AUC is 0.52."]
    assert changes(hilltop) == 0


def test_a_model_of_made_up_patients_is_never_validated_in_production(
    hilltop: Clinic, shelved: Path, settings: Any
) -> None:
    demo = put(shelved, gate={"passed": True, "reasons": [], "made_up": True})
    settings.ENVIRONMENT = "production"

    answer = patch(hilltop, demo, "validated")

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/made-up-patients")
    assert "made-up patients" in answer.json()["title"]
    assert changes(hilltop) == 0
    shown = hilltop.desk(Role.ADMIN).get("/admin/screening/bundlestate/").content.decode()
    assert "made-up patients" in shown


def test_elsewhere_a_model_of_made_up_patients_may_be_tried_to_the_end(hilltop: Clinic, shelved: Path) -> None:
    demo = put(shelved, gate={"passed": True, "reasons": [], "made_up": True})

    assert [patch(hilltop, demo, state).status_code for state in ("validated", "active")] == [200, 200]


def test_who_answers_for_it_and_why_must_be_said(hilltop: Clinic, bundle: Bundle) -> None:
    unnamed, unreasoned = (
        patch(hilltop, bundle, "validated", person=" "),
        patch(hilltop, bundle, "validated", reason=""),
    )

    assert [unnamed.status_code, unreasoned.status_code, changes(hilltop)] == [422, 422, 0]


@pytest.mark.parametrize("said", [{"person": ""}, {"person": " \n"}, {"reason": ""}, {"reason": "\t "}])
def test_no_way_in_takes_silence_for_an_answer(said: dict[str, str], hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id), pytest.raises(Invalid) as refusal:
        change_state(
            by=hilltop.who[Role.ADMIN], content_hash=bundle.content_hash, state=BundleStanding.VALIDATED,
            words=Words(**SAID | said), now=NOW,
        )  # fmt: skip

    assert [fault["loc"] for fault in refusal.value.errors] == [["body", *said]]
    assert changes(hilltop) == 0


def test_only_admins_decide_and_unknown_models_are_not_there(hilltop: Clinic, bundle: Bundle) -> None:
    found = {role: patch(hilltop, bundle, "validated", role).status_code for role in (Role.DOCTOR, Role.LAB)}
    at = "/api/screening/models/"
    missing = [hilltop.client(Role.ADMIN).get(at + name).status_code for name in ("0" * 64, "..", "%2e%2e", "x")]

    assert found == {Role.DOCTOR: 403, Role.LAB: 403}
    assert set(missing) == {404}
    assert changes(hilltop) == 0


def test_a_stale_version_changes_nothing(hilltop: Clinic, bundle: Bundle) -> None:
    stand(hilltop, bundle, BundleStanding.VALIDATED)

    answer = patch(hilltop, bundle, "active", headers={"if-match": '"0"'})

    assert (answer.status_code, changes(hilltop)) == (412, 1)


def test_a_model_that_becomes_active_takes_the_place_of_the_one_that_was(
    hilltop: Clinic, bundle: Bundle, shelved: Path
) -> None:
    newer = put(shelved, version="2")
    stand(hilltop, bundle, BundleStanding.VALIDATED, BundleStanding.ACTIVE)
    stand(hilltop, newer, BundleStanding.VALIDATED, BundleStanding.ACTIVE)

    with inside(hilltop.id):
        states = dict(BundleState.objects.values_list("bundle_hash", "state"))
        standing = answering(Mode.CLINICAL)
    assert states == {bundle.content_hash: "validated", newer.content_hash: "active"}
    assert standing is not None
    assert standing.bundle.content_hash == newer.content_hash


def test_what_is_suspended_answers_no_more_in_clinical_mode(hilltop: Clinic, bundle: Bundle) -> None:
    stand(hilltop, bundle, BundleStanding.VALIDATED, BundleStanding.ACTIVE)

    with inside(hilltop.id):
        by = hilltop.who[Role.ADMIN]
        done = [suspend(by=by, content_hash=bundle.content_hash, reason="Drift", now=NOW) for _ in range(2)]

        assert (done, answering(Mode.CLINICAL), active_hashes()) == ([True, False], None, [])


@pytest.mark.parametrize(
    "states",
    [
        [BundleStanding.RETIRED],
        [BundleStanding.VALIDATED, BundleStanding.ACTIVE, BundleStanding.SUSPENDED],
    ],
)
def test_without_a_model_that_may_answer_the_refusal_says_so_and_there_is_a_way_back(
    hilltop: Clinic, bundle: Bundle, states: list[BundleStanding]
) -> None:
    stand(hilltop, bundle, *states)
    count = {"age": 67, "sex": "female", "cbc": COUNT}
    lab = hilltop.client(Role.LAB)

    answer = lab.post("/api/screening/classify", count, content_type="application/json")

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-model-answers")
    assert "retry-after" not in answer.headers
    with inside(hilltop.id):
        assert not Screening.objects.exists()
    back = BundleStanding.RESEARCH_ONLY if states == [BundleStanding.RETIRED] else BundleStanding.VALIDATED
    assert patch(hilltop, bundle, back).status_code == 200
    answer = lab.post("/api/screening/classify", count, content_type="application/json")
    assert (answer.status_code, answer.json()["screening"]["model"]["state"]) == (200, back)


def test_a_model_whose_file_is_damaged_is_no_models_refusal(hilltop: Clinic, bundle: Bundle, shelved: Path) -> None:
    shelf._bundle.cache_clear()
    (shelved / bundle.content_hash / "bundle.json").write_text("{}")

    answer = hilltop.client(Role.LAB).post(
        "/api/screening/classify", {"age": 67, "sex": "female", "cbc": COUNT}, content_type="application/json"
    )

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/bundle-missing")


def test_what_one_organization_decides_holds_for_no_other(hilltop: Clinic, riverside: Clinic, bundle: Bundle) -> None:
    stand(hilltop, bundle, BundleStanding.VALIDATED, BundleStanding.ACTIVE)

    with inside(riverside.id):
        assert answering(Mode.CLINICAL) is None
    assert riverside.client(Role.ADMIN).get("/api/screening/models").json()["models"][0]["state"] == "research-only"


@pytest.mark.parametrize(("share", "status"), [(0.052, 200), (0, 422), (1, 422), (-0.1, 422)])
def test_how_common_the_deficiency_is_is_a_share(share: float, status: int, hilltop: Clinic) -> None:
    admin, said = hilltop.client(Role.ADMIN), {"share": share, "source": "Measured here"}

    answer = admin.put("/api/screening/prevalence", said, content_type="application/json")

    assert answer.status_code == status
    kept = admin.get("/api/screening/prevalence").json()["prevalence"]
    assert (kept and kept["share"]) == (share if status == 200 else None)


def test_several_who_activate_at_once_leave_one_active(lakeside: Clinic, bundle: Bundle, shelved: Path) -> None:
    rivals = [bundle, *(put(shelved, version=str(number)) for number in range(2, 7))]
    together = Barrier(len(rivals), timeout=30)
    for each in rivals:
        stand(lakeside, each, BundleStanding.VALIDATED)

    def activate(each: Bundle) -> str:
        try:
            together.wait()
            stand(lakeside, each, BundleStanding.ACTIVE)
        except DomainError as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(rivals)) as pool:
        done = list(pool.map(activate, rivals))

    with inside(lakeside.id):
        states = sorted(BundleState.objects.values_list("state", flat=True))
    assert done == ["done"] * len(rivals)
    assert states == ["active", *["validated"] * (len(rivals) - 1)]
