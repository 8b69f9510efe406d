"""What a LOINC code looks like, and what a result says in a chart."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chiron.laboratory.rules import Found, is_loinc
from chiron.records.public import Code, Quantity, RecordType, ReferenceRange, Statement


@pytest.mark.parametrize("code", ["718-7", "4544-3", "789-8", "787-2", "777-3", "2132-9", "4548-4", "14798-3"])
def test_codes_of_loinc_have_their_check_digit(code: str) -> None:
    assert is_loinc(code)


@pytest.mark.parametrize("code", ["718-8", "718", "0718-7", "718-7 ", "12345678-0", "HGB", "", "718-٧"])
def test_what_is_no_code_of_loinc_is_told_apart(code: str) -> None:
    assert not is_loinc(code)


def test_a_result_becomes_an_observation_of_when_the_specimen_was_collected() -> None:
    at = datetime(2026, 5, 4, 8, tzinfo=UTC)
    found = Found(code="718-7", name="Hemoglobin", value=Decimal("9.90"), unit="g/dL", low=Decimal(12))

    assert found.statement(at) == Statement(
        record_type=RecordType.LAB_RESULT,
        title="Hemoglobin",
        resource_type="Observation",
        codes=(Code("http://loinc.org", "718-7", "Hemoglobin"),),
        occurred_at=at,
        quantity=Quantity(Decimal("9.90"), "g/dL", "g/dL"),
        reference_range=ReferenceRange(Decimal(12), None),
    )
