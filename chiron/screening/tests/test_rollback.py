"""Back to the model that was active before, in one call: or nothing changes, and why is said."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL
from chiron.screening import shelf
from chiron.screening.admin_models import id_of
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import BundleChange, BundleState
from chiron.screening.services.bundles import suspend
from chiron.screening.tests.bundles import put
from chiron.screening.tests.factories import NOW
from chiron.screening.tests.test_bundles import SAID, stand
from chiron.screening.tests.test_classify_api import ask
from chiron.screening.words import BundleStanding
from chiron.tenancy.public import inside
from tests.desk import filled
from tests.town import Clinic

READY = (BundleStanding.VALIDATED, BundleStanding.ACTIVE)


def roll_back(clinic: Clinic, bundle: Bundle | str, role: Role = Role.ADMIN, **said: str) -> Any:
    content_hash = bundle if isinstance(bundle, str) else bundle.content_hash
    at = f"/api/screening/models/{content_hash}/rollback"
    return clinic.client(role).post(at, SAID | said, content_type="application/json")


def states(clinic: Clinic) -> dict[str, str]:
    with inside(clinic.id):
        return dict(BundleState.objects.values_list("bundle_hash", "state"))


@pytest.fixture
def newer(shelved: Path, hilltop: Clinic, bundle: Bundle) -> Bundle:
    """A second model, that became active after the first one was."""
    made = put(shelved, version="2")
    stand(hilltop, bundle, *READY)
    stand(hilltop, made, *READY)
    return made


def test_one_call_makes_the_former_model_answer_again(hilltop: Clinic, bundle: Bundle, newer: Bundle) -> None:
    assert ask(hilltop, mode="clinical").json()["screening"]["model"]["version"] == "2"

    answer = roll_back(hilltop, newer, reason="It calls everybody deficient.")

    model = answer.json()["model"]
    assert (answer.status_code, model["content_hash"], model["state"]) == (200, bundle.content_hash, "active")
    first = model["history"][0]
    assert (first["state"], first["person"], first["reason"]) == (
        "active", SAID["person"], "It calls everybody deficient.",
    )  # fmt: skip
    assert states(hilltop) == {bundle.content_hash: "active", newer.content_hash: "suspended"}
    assert ask(hilltop, mode="clinical").json()["screening"]["model"]["version"] == "1"
    with inside(hilltop.id):
        events = Event.objects.using(CLINICAL).filter(action="screening_model.changed").order_by("-id")[:2]
        assert {each.account_id for each in events} == {hilltop.who[Role.ADMIN].account_id}


def test_the_same_call_twice_goes_back_once(hilltop: Clinic, bundle: Bundle, newer: Bundle) -> None:
    first, second = (roll_back(hilltop, newer) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["type"] == "/problems/illegal-bundle-state"
    assert states(hilltop) == {bundle.content_hash: "active", newer.content_hash: "suspended"}


def test_what_drift_has_suspended_is_taken_back_too_though_its_file_is_gone(
    hilltop: Clinic, bundle: Bundle, newer: Bundle, shelved: Path
) -> None:
    with inside(hilltop.id):
        suspend(by=hilltop.who[Role.ADMIN], content_hash=newer.content_hash, reason="Drift", now=NOW)
    shutil.rmtree(shelved / newer.content_hash)
    shelf._bundle.cache_clear()

    assert roll_back(hilltop, newer).status_code == 200
    assert states(hilltop) == {bundle.content_hash: "active", newer.content_hash: "suspended"}


def damage(shelved: Path, bundle: Bundle, clinic: Clinic) -> None:
    file = shelved / bundle.content_hash / "bundle.json"
    file.write_text(file.read_text().replace('"version":"1"', '"version":"3"'))


def remove(shelved: Path, bundle: Bundle, clinic: Clinic) -> None:
    shutil.rmtree(shelved / bundle.content_hash)


def retire(shelved: Path, bundle: Bundle, clinic: Clinic) -> None:
    stand(clinic, bundle, BundleStanding.RETIRED)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (damage, {"reason": "damaged"}),
        (remove, {"reason": "damaged"}),
        (retire, {"reason": "not-validated", "state": "retired"}),
    ],
)
def test_back_to_a_model_that_cannot_answer_there_is_no_way(
    hilltop: Clinic, bundle: Bundle, newer: Bundle, shelved: Path,
    what: Callable[[Path, Bundle, Clinic], None], said: dict[str, str],
) -> None:  # fmt: skip
    what(shelved, bundle, hilltop)
    before = states(hilltop)

    answer = roll_back(hilltop, newer)

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (409, "/problems/no-way-back")
    assert {name: problem[name] for name in said} == said
    assert states(hilltop) == before
    assert before[newer.content_hash] == "active"


def test_a_model_that_fails_is_no_way_back(hilltop: Clinic, bundle: Bundle, shelved: Path) -> None:
    failing = put(shelved, version="0", thresholds={"low": {"chance": 0.5}})
    stand(hilltop, failing, *READY)
    stand(hilltop, bundle, *READY)

    answer = roll_back(hilltop, bundle)

    assert (answer.status_code, answer.json()["reason"]) == (409, "fails")
    assert states(hilltop)[bundle.content_hash] == "active"


def test_the_first_model_has_none_before_it(hilltop: Clinic, bundle: Bundle) -> None:
    stand(hilltop, bundle, *READY)

    answer = roll_back(hilltop, bundle)

    assert (answer.status_code, answer.json()["reason"]) == (409, "none-before")
    assert states(hilltop) == {bundle.content_hash: "active"}


def test_only_an_admin_takes_back_and_only_what_was_active_here(
    hilltop: Clinic, riverside: Clinic, bundle: Bundle, newer: Bundle
) -> None:
    before = states(hilltop)

    found = [
        *(roll_back(hilltop, newer, role).status_code for role in (Role.DOCTOR, Role.LAB, Role.PRIVACY_OFFICER)),
        roll_back(riverside, newer).status_code,
        roll_back(hilltop, "0" * 64).status_code,
        roll_back(hilltop, bundle).status_code,
        roll_back(hilltop, newer, person=" ").status_code,
    ]

    assert found == [403, 403, 403, 409, 404, 409, 422]
    assert states(hilltop) == before
    assert states(riverside) == {}


def test_two_who_go_back_at_once_go_back_once(lakeside: Clinic, bundle: Bundle, shelved: Path) -> None:
    newer = put(shelved, version="2")
    stand(lakeside, bundle, *READY)
    stand(lakeside, newer, *READY)
    clients, ready = [lakeside.client(Role.ADMIN) for _ in range(2)], Barrier(2)
    at = f"/api/screening/models/{newer.content_hash}/rollback"

    def call(client: Any) -> int:
        ready.wait(timeout=20)
        status = client.post(at, SAID, content_type="application/json").status_code
        connections.close_all()
        return int(status)

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(call, clients))

    assert found == [200, 409]
    with inside(lakeside.id):
        assert BundleChange.objects.filter(state="active").count() == 3


def test_the_administration_does_it_too(hilltop: Clinic, bundle: Bundle, newer: Bundle) -> None:
    browser = hilltop.desk(Role.ADMIN)
    at, former = (f"/admin/screening/bundlestate/{id_of(each.content_hash)}/" for each in (newer, bundle))

    shown = {each: f"{each}rollback/" in browser.get(f"{each}change/").content.decode() for each in (at, former)}
    done = browser.post(f"{at}rollback/", filled(browser.get(f"{at}rollback/"), person="Dr Mensah", reason="Worse"))

    assert shown == {at: True, former: False}
    assert (done.status_code, done["Location"]) == (302, f"{former}change/")
    assert states(hilltop)[bundle.content_hash] == "active"
