"""The active model against the one in its shadow: counted and reckoned by hand."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.ids import new_id
from chiron.records.models import Record
from chiron.screening.comparing import compare
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Screening, ShadowAnswer
from chiron.screening.tests.bundles import AGE, MCV, put, stage
from chiron.screening.tests.factories import FEATURES, NOW
from chiron.screening.tests.test_watching import confirmed
from chiron.tenancy.public import inside
from tests.town import Clinic

AT = "/api/screening/shadow"
SAID: dict[str, tuple[float | None, float | None, float | None]] = {
    "NORMAL": (0.8, 0.15, 0.05), "BORDERLINE": (0.5, 0.4, 0.1), "DEFICIENT": (0.2, 0.2, 0.6), "": (0.5, 0.3, 0.2),
    "abstained": (None, None, None), "failed": (None, None, None),
}  # fmt: skip
"""What models answer here, by what they call it; "" is an answer without a class."""


@pytest.fixture
def shadow(shelved: Path) -> Bundle:
    """Its cutoffs lie elsewhere, too."""
    label = {"assay": "none", "unit": "pg/mL", "cutoffs": [250.0, 400.0], "version": "2"}
    stages = [stage(MCV, 80.0, rate=0.2), stage(AGE, 60.0, rate=0.1)]
    return put(shelved, version="2", stages=stages, label=label)


def answered(said: str) -> dict[str, Any]:
    """The columns of such an answer."""
    outcome = said if said in ("abstained", "failed") else "classified"
    scores = dict(zip(("p_normal", "p_borderline", "p_deficient"), SAID[said], strict=True))
    return {"outcome": outcome, "result_class": said if outcome == "classified" else "", **scores}


def both(active: Bundle, shadow: Bundle, first: str, second: str, number: int = 1, at: datetime = NOW) -> None:
    """So many questions to which the active model said the first and the one in its shadow the second."""
    for _ in range(number):
        screening = Screening.objects.create(
            made_at=at, mode="clinical", bundle_hash=active.content_hash, bundle_version="1", features=list(FEATURES),
            inputs=b"", result=b"", **answered(first),
        )  # fmt: skip
        ShadowAnswer.objects.create(
            screening=screening, bundle_hash=shadow.content_hash, made_at=at, **answered(second)
        )


MARCH = {"from": "2031-03-01", "to": "2031-03-31"}


def read(clinic: Clinic, days: dict[str, str] = MARCH, role: Role = Role.ADMIN) -> Any:
    return clinic.client(role).get(AT, days)


def test_two_models_are_compared_on_the_same_questions(hilltop: Clinic, bundle: Bundle, shadow: Bundle) -> None:
    with inside(hilltop.id):
        both(bundle, shadow, "NORMAL", "NORMAL", 3)
        both(bundle, shadow, "NORMAL", "DEFICIENT", 2)
        both(bundle, shadow, "DEFICIENT", "", 1)
        both(bundle, shadow, "abstained", "abstained", 2)
        both(bundle, shadow, "abstained", "NORMAL", 1)
        both(bundle, shadow, "BORDERLINE", "abstained", 4)
        both(bundle, shadow, "BORDERLINE", "failed", 5)

    [found] = read(hilltop).json()["comparisons"]

    assert (found["from"], found["to"]) == ("2031-03-01", "2031-03-31")
    assert (found["active_hash"], found["shadow_hash"]) == (bundle.content_hash, shadow.content_hash)
    assert (found["screenings"], found["failed"]) == (18, 5)
    assert found["abstained"] == {"active": 1, "shadow": 4, "both": 2}
    assert [(each["active"], each["shadow"], each["number"]) for each in found["cells"]] == [
        ("BORDERLINE", "abstained", 4), ("BORDERLINE", "failed", 5), ("DEFICIENT", "unclassified", 1),
        ("NORMAL", "DEFICIENT", 2), ("NORMAL", "NORMAL", 3), ("abstained", "NORMAL", 1), ("abstained", "abstained", 2),
    ]  # fmt: skip
    # six questions with probabilities of both: 2 x |0.8 - 0.2| and 1 x |0.2 - 0.5|, and so on
    assert found["differences"] == pytest.approx(
        {"p_normal": 1.5 / 6, "p_borderline": (2 * 0.05 + 0.1) / 6, "p_deficient": (2 * 0.55 + 0.4) / 6}
    )
    assert found["outcomes"] == []


def test_where_both_never_answered_nothing_differs(hilltop: Clinic, bundle: Bundle, shadow: Bundle) -> None:
    with inside(hilltop.id):
        both(bundle, shadow, "NORMAL", "failed")

    [found] = read(hilltop).json()["comparisons"]

    assert found["differences"] == {"p_normal": None, "p_borderline": None, "p_deficient": None}


def test_later_measurements_tell_of_both_by_the_cutoffs_of_each(
    hilltop: Clinic, bundle: Bundle, shadow: Bundle
) -> None:
    with inside(hilltop.id):
        confirmed(hilltop, bundle, "DEFICIENT", [150.0] * 8 + [220.0] * 4)
        ShadowAnswer.objects.bulk_create(
            ShadowAnswer(screening=each, bundle_hash=shadow.content_hash, made_at=NOW, **answered("DEFICIENT"))
            for each in Screening.objects.all()
        )

    told = read(hilltop).json()["comparisons"][0]["outcomes"]

    seen = [(each["model_version"], each["said"], each["measured"], each["agreeing"]) for each in told]
    assert seen == [("1", "DEFICIENT", 12, 8), ("2", "DEFICIENT", 12, 12)]
    assert told[1]["share"] == 1.0
    with inside(hilltop.id):
        Record.objects.update(status="entered-in-error")
    assert read(hilltop).json()["comparisons"][0]["outcomes"] == []


def test_of_fewer_than_eleven_who_were_measured_nothing_is_told(
    hilltop: Clinic, bundle: Bundle, shadow: Bundle
) -> None:
    with inside(hilltop.id):
        confirmed(hilltop, bundle, "DEFICIENT", [150.0] * 10)
        ShadowAnswer.objects.bulk_create(
            ShadowAnswer(screening=each, bundle_hash=shadow.content_hash, made_at=NOW, **answered("NORMAL"))
            for each in Screening.objects.all()
        )

    told = read(hilltop).json()["comparisons"][0]["outcomes"]

    assert [(each["said"], each["measured"]) for each in told] == [("DEFICIENT", None), ("NORMAL", None)]


def test_days_are_those_of_the_organizations_clock(hilltop: Clinic, bundle: Bundle, shadow: Bundle) -> None:
    zone = ZoneInfo(hilltop.organization.time_zone)
    midnight = datetime(2031, 3, 10, tzinfo=zone)
    with inside(hilltop.id):
        for moment, number in ((midnight - timedelta(seconds=1), 1), (midnight, 2), (midnight + timedelta(days=1), 4)):
            both(bundle, shadow, "NORMAL", "NORMAL", number, at=moment)

    [found] = read(hilltop, {"from": "2031-03-10", "to": "2031-03-10"}).json()["comparisons"]

    assert found["screenings"] == 2


def test_without_days_it_is_the_last_four_weeks(hilltop: Clinic, bundle: Bundle, shadow: Bundle) -> None:
    with inside(hilltop.id):
        both(bundle, shadow, "NORMAL", "NORMAL", at=now() - timedelta(days=26))
        both(bundle, shadow, "NORMAL", "NORMAL", at=now() - timedelta(days=29))

    [found] = read(hilltop, {}).json()["comparisons"]

    assert found["screenings"] == 1
    assert date.fromisoformat(found["to"]) - date.fromisoformat(found["from"]) == timedelta(days=27)


@pytest.mark.parametrize(
    "days",
    [
        {"from": "2031-03-02", "to": "2031-03-01"},
        {"from": "2030-01-01", "to": "2031-03-01"},
        {"from": "2031-03-02T00:00", "to": "2031-03-01"},
        {"from": "0001-01-01", "to": "9999-12-31"},
        {"to": "0001-01-01"},
    ],
)
def test_days_that_are_none_or_too_many_are_refused(hilltop: Clinic, days: dict[str, str]) -> None:
    answer = read(hilltop, days)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")


def test_each_pair_of_models_is_told_of_and_a_model_that_is_gone_has_no_outcomes(
    hilltop: Clinic, bundle: Bundle, shadow: Bundle
) -> None:
    with inside(hilltop.id):
        both(bundle, shadow, "NORMAL", "NORMAL", 2)
        both(shadow, bundle, "NORMAL", "NORMAL", 3)
        confirmed(hilltop, bundle, "DEFICIENT", [150.0] * 12)
        ShadowAnswer.objects.bulk_create(
            ShadowAnswer(screening=each, bundle_hash="1" * 64, made_at=NOW, **answered("NORMAL"))
            for each in Screening.objects.filter(confirmed_value__isnull=False)
        )

    found = read(hilltop).json()["comparisons"]

    pairs = {(each["active_hash"], each["shadow_hash"]): each["screenings"] for each in found}
    gone = (bundle.content_hash, "1" * 64)
    assert pairs == {
        (bundle.content_hash, shadow.content_hash): 2, (shadow.content_hash, bundle.content_hash): 3, gone: 12,
    }  # fmt: skip
    [told] = [each for each in found if (each["active_hash"], each["shadow_hash"]) == gone]
    assert [(each["model_version"], each["measured"]) for each in told["outcomes"]] == [("1", 12)]


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.LAB, Role.PRIVACY_OFFICER, Role.PATIENT, Role.RECEPTIONIST])
def test_only_an_admin_compares(hilltop: Clinic, role: Role) -> None:
    assert read(hilltop, role=role).status_code == 403


def test_another_organizations_answers_are_not_compared(
    hilltop: Clinic, riverside: Clinic, bundle: Bundle, shadow: Bundle
) -> None:
    with inside(riverside.id):
        both(bundle, shadow, "NORMAL", "NORMAL")

    assert read(hilltop).json() == {"comparisons": [], "next": None}


def test_what_is_asked_of_the_database_does_not_grow(
    hilltop: Clinic, bundle: Bundle, shadow: Bundle, django_assert_max_num_queries: Any
) -> None:
    by, day = hilltop.who[Role.ADMIN], NOW.date()
    with inside(hilltop.id):
        for said in SAID:
            both(bundle, shadow, "NORMAL", said, 3)

        with django_assert_max_num_queries(2, using="clinical"):
            compare(by, day, day, NOW)


def test_the_administration_shows_both_side_by_side(hilltop: Clinic, bundle: Bundle, shadow: Bundle) -> None:
    with inside(hilltop.id):
        both(bundle, shadow, "NORMAL", "DEFICIENT", 2, at=now())
        both(bundle, shadow, "NORMAL", "NORMAL", 6, at=now())
    browser, at = hilltop.desk(Role.ADMIN), "/admin/screening/shadowanswer/"

    listed = browser.get(at).content.decode()
    [pair] = set(re.findall(rf"{at}([0-9a-f-]{{36}})/change/", listed))
    shown = browser.get(f"{at}{pair}/change/").content.decode()

    assert "6 (75.0%)" in listed
    assert "Mean difference of P(normal)" in shown
    assert "0.150" in shown
    assert browser.get(f"{at}{new_id()}/change/").status_code == 404
    assert browser.get(at, {"since": "2031-01-02", "until": "2031-01-01"}).status_code == 422
    assert browser.get(at, {"since": "0001-01-01", "until": "9999-12-31"}).status_code == 422
