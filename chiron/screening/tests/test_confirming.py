"""A vitamin B12 that is measured after a screening is linked to it, and one that is not of it is not."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL
from chiron.records.public import Code, Quantity, Record, RecordType, Statement, Status, write_record
from chiron.registry.public import Patient
from chiron.screening.confirmations import in_pg_per_ml, measured_class, wilson
from chiron.screening.models import Screening
from chiron.screening.queries import read_screening
from chiron.screening.services.confirming import link_results
from chiron.screening.tests.factories import NOW, screened
from chiron.tenancy.public import inside
from tests.town import Clinic

DAY = timedelta(days=1)
LATER = NOW + 3 * DAY


def measured(
    clinic: Clinic, at: datetime = LATER, *, known: datetime | None = None, value: str = "180", unit: str = "pg/mL",
    loinc: str = "2132-9", patient_id: UUID | None = None,
) -> Record:  # fmt: skip
    """A vitamin B12 drawn at some time and known then, unless said otherwise."""
    statement = Statement(
        record_type=RecordType.LAB_RESULT,
        title="Vitamin B12",
        codes=(Code("http://loinc.org", loinc),),
        occurred_at=at,
        quantity=Quantity(Decimal(value), unit, unit),
    )
    patient = Patient.objects.get(id=patient_id or clinic.patient_id)
    return write_record(by=clinic.who[Role.ADMIN], patient=patient, statement=statement, now=known or at)


def withdraw(record: Record) -> None:
    Record.objects.filter(id=record.id).update(status=Status.ENTERED_IN_ERROR)


def linked(clinic: Clinic, screening: Screening) -> tuple[UUID | None, float | None, datetime | None]:
    found = Screening.objects.get(id=screening.id)
    return found.confirmed_record_id, found.confirmed_value, found.confirmed_at


def test_the_first_result_after_a_screening_is_linked_once(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        screening = screened(hilltop.patient_id, result='{"a":1}')
        measured(hilltop, LATER + DAY, value="500")
        first = measured(hilltop)

        assert link_results(LATER + 2 * DAY) == 1
        assert link_results(LATER + 3 * DAY) == 0

        assert linked(hilltop, screening) == (first.id, 180.0, LATER + 2 * DAY)
        assert read_screening(hilltop.who[Role.ADMIN], screening.id).result == '{"a":1}'
        events = Event.objects.using(CLINICAL).filter(resource_id=screening.id, action="screening.confirmed")
        assert [each.subjects for each in events] == [[hilltop.patient_id]]


def test_a_result_in_moles_is_linked_in_picograms(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        screening = screened(hilltop.patient_id)
        measured(hilltop, value="100", unit="pmol/L", loinc="14685-6")

        link_results(LATER)

        assert linked(hilltop, screening)[1] == pytest.approx(135.537, abs=1e-9)


def test_the_same_blood_may_be_drawn_the_day_before_the_answer(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        screening = screened(hilltop.patient_id)
        result = measured(hilltop, NOW - DAY, known=LATER)

        link_results(LATER)

        assert linked(hilltop, screening)[0] == result.id


@pytest.mark.parametrize(
    "said",
    [
        {"at": NOW - DAY, "known": NOW - DAY},
        {"at": NOW - 2 * DAY, "known": LATER},
        {"at": NOW + 91 * DAY},
        {"loinc": "2284-8"},
        {"unit": "mg"},
    ],
    ids=["known before", "drawn long before", "drawn long after", "folate", "no unit of it"],
)
def test_what_says_nothing_of_that_count_is_not_linked(hilltop: Clinic, said: dict[str, Any]) -> None:
    with inside(hilltop.id):
        screening = screened(hilltop.patient_id)
        measured(hilltop, **said)

        assert link_results(NOW + 100 * DAY) == 0

        assert linked(hilltop, screening) == (None, None, None)


def test_another_patients_result_and_an_anonymous_screening_are_not_linked(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        anonymous, hers = screened(), screened(hilltop.patient_id)
        measured(hilltop, patient_id=hilltop.other_patient_id)

        assert link_results(LATER) == 0

        assert linked(hilltop, anonymous) == linked(hilltop, hers) == (None, None, None)


def test_a_result_that_was_withdrawn_gives_way_to_another(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        screening = screened(hilltop.patient_id)
        wrong = measured(hilltop)
        link_results(LATER)
        withdraw(wrong)
        right = measured(hilltop, LATER + DAY, value="600")

        assert link_results(LATER + DAY) == 1

        assert linked(hilltop, screening) == (right.id, 600.0, LATER + DAY)


def test_a_result_that_was_withdrawn_and_has_no_other_is_taken_back(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        screening = screened(hilltop.patient_id, result='{"a":1}')
        wrong = measured(hilltop)
        link_results(LATER)
        withdraw(wrong)

        assert link_results(LATER + 300 * DAY) == 1
        assert link_results(LATER + 301 * DAY) == 0

        assert linked(hilltop, screening) == (None, None, None)
        assert read_screening(hilltop.who[Role.ADMIN], screening.id).result == '{"a":1}'
        events = Event.objects.using(CLINICAL).filter(resource_id=screening.id, action="screening.unconfirmed")
        assert [each.subjects for each in events] == [[hilltop.patient_id]]


def test_a_result_that_was_amended_is_linked_as_it_now_is(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        screening = screened(hilltop.patient_id)
        result = measured(hilltop)
        link_results(LATER)
        Record.objects.filter(id=result.id).update(quantity_value=100, quantity_code="pmol/L")

        assert link_results(LATER + DAY) == 1
        assert link_results(LATER + 2 * DAY) == 0

        assert linked(hilltop, screening) == (result.id, 135.537, LATER + DAY)


def test_a_result_that_turned_out_to_be_of_something_else_is_taken_back(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        screening = screened(hilltop.patient_id)
        result = measured(hilltop)
        link_results(LATER)
        Record.objects.filter(id=result.id).update(code_keys=["http://loinc.org|2284-8"])

        assert link_results(LATER + DAY) == 1

        assert linked(hilltop, screening) == (None, None, None)


@pytest.mark.parametrize(
    ("unit", "found"), [("pg/mL", 100), ("ng/L", 100), ("ng/dL", 1000), ("pmol/L", 135.537), ("mg/L", None)]
)
def test_units_of_vitamin_b12(unit: str, found: float | None) -> None:
    assert in_pg_per_ml(Decimal(100), unit) == found


@pytest.mark.parametrize(
    ("value", "name"), [(199.9, "DEFICIENT"), (200, "BORDERLINE"), (299.9, "BORDERLINE"), (300, "NORMAL")]
)
def test_the_class_of_what_was_measured(value: float, name: str) -> None:
    assert measured_class(value, (200, 300)) == name


def test_the_interval_of_a_share_computed_by_hand() -> None:
    """Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662, 15 of 148 0.0624 to 0.1605, 0 of 20 0 to 0.1611."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@pytest.mark.parametrize(("agreeing", "of"), [(0, 0), (2, 1), (-1, 5)])
def test_a_share_of_nothing_has_no_interval(agreeing: int, of: int) -> None:
    with pytest.raises(ValueError, match="of something"):
        wilson(agreeing, of)
