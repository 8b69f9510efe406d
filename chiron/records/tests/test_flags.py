"""Results are flagged by what is usual for the patient's sex and age (REC-09)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chiron.kernel.errors import DomainError, Invalid, NotFound, NotPermitted, StaleVersion
from chiron.kernel.ids import new_id
from chiron.records.entries import Code, Quantity, ReferenceRange
from chiron.records.errors import RangesOverlap, UnitMismatch, UnitUnknown
from chiron.records.flags import Days, age, days_of, flag_of
from chiron.records.models import Record, UsualRange
from chiron.records.queries import read_record
from chiron.records.services.imports import import_records
from chiron.records.services.ranges import RangeSaid, remove_range, save_range
from chiron.records.services.write import amend_record, restore_version
from chiron.records.tests.factories import A1C, TEN, Ward, entry_of
from chiron.records.words import AgeUnit, Flag, Precision
from chiron.registry.models import Patient
from chiron.vault.public import patient_safe

HB = Code("http://loinc.org", "718-7", "Hemoglobin")
LIMITS = {"low": Decimal(12), "high": Decimal("15.5"), "critical_low": Decimal(7), "critical_high": Decimal(20)}


def usual(ward: Ward, **said: Any) -> UsualRange:
    fields: dict[str, Any] = {"code_system": HB.system, "code": HB.code, "unit": "g/dL", **LIMITS} | said
    return save_range(by=ward.ama, range_id=None, said=RangeSaid(**fields), if_match=None, now=TEN)


def measured(ward: Ward, value: str, code: str = "g/dL", **said: Any) -> Flag | None:
    """The flag of Kofi's hemoglobin."""
    patient = Patient.objects.get(id=ward.kofi_patient.id)
    fields: dict[str, Any] = {"codes": (HB,), "quantity": Quantity(Decimal(value), code, code)} | said
    record = ward.write(patient=patient, **fields)
    return read_record(ward.osei, record.id).statement.flag


def kofi_is(ward: Ward, born: date | None, sex: str = "male", precision: str = "day") -> None:
    Patient.objects.filter(id=ward.kofi_patient.id).update(birth_date=born, birth_precision=precision, sex=sex)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("6.99", "LL"), ("7", "L"), ("11.9", "L"), ("12", "N"), ("15.50", "N"), ("15.51", "H"), ("20", "H"),
        ("20.01", "HH"),
    ],
)  # fmt: skip
def test_a_result_is_flagged_by_its_limits_which_are_themselves_usual(ward: Ward, value: str, expected: str) -> None:
    usual(ward)

    assert measured(ward, value) == expected


@pytest.mark.parametrize(
    ("value", "code", "expected"), [("120", "g/L", "N"), ("119.9", "g/L", "L"), ("200.1", "g/L", "HH")]
)
def test_a_result_in_another_unit_is_compared_exactly(ward: Ward, value: str, code: str, expected: str) -> None:
    usual(ward)

    assert measured(ward, value, code) == expected


def test_an_amount_is_compared_with_a_mass_where_the_molar_mass_is_given(ward: Ward) -> None:
    usual(ward, molar_mass=Decimal(64500))

    assert (measured(ward, "1.8", "mmol/L"), measured(ward, "2.9", "mmol/L")) == (Flag.LOW, Flag.HIGH)


@pytest.mark.parametrize(
    ("born", "at", "sex", "expected"),
    [
        (date(2008, 5, 4), datetime(2026, 5, 4, 12, tzinfo=UTC), "male", "L"),
        (date(2008, 5, 5), datetime(2026, 5, 4, 12, tzinfo=UTC), "male", "N"),
        (date(2008, 5, 4), datetime(2026, 5, 4, 12, tzinfo=UTC), "female", "N"),
        (date(2026, 5, 3), datetime(2026, 5, 4, 12, tzinfo=UTC), "female", "LL"),
        (None, datetime(2026, 5, 4, 12, tzinfo=UTC), "male", None),
    ],
)
def test_the_range_is_that_of_the_sex_and_of_the_age_on_the_day(
    ward: Ward, born: date | None, at: datetime, sex: str, expected: str | None
) -> None:
    usual(ward, age_until=18)
    usual(ward, age_from=18)
    usual(ward, age_from=18, sex="male", low=Decimal(13))
    usual(ward, age_unit=AgeUnit.DAYS, age_until=28, critical_low=Decimal(13), low=Decimal(14), high=Decimal(20))
    kofi_is(ward, born, sex)

    assert measured(ward, "12.5", occurred_at=at) == expected


def test_the_day_of_an_event_is_that_of_the_clinic(ward: Ward) -> None:
    usual(ward, age_from=18)
    kofi_is(ward, date(2008, 5, 5))

    assert measured(ward, "25", occurred_at=datetime(2026, 5, 4, 21, 59, tzinfo=UTC)) is None
    assert measured(ward, "25", occurred_at=datetime(2026, 5, 4, 22, 0, tzinfo=UTC)) is Flag.CRITICALLY_HIGH


def test_an_age_that_is_not_known_well_enough_gives_no_flag(ward: Ward) -> None:
    usual(ward, age_from=18)
    at = datetime(2026, 5, 4, 12, tzinfo=UTC)

    kofi_is(ward, date(2008, 1, 1), precision="year")
    assert measured(ward, "25", occurred_at=at) is None
    kofi_is(ward, date(2007, 1, 1), precision="year")
    assert measured(ward, "25", occurred_at=at) is Flag.CRITICALLY_HIGH
    assert measured(ward, "25", occurred_at=at, occurred_precision=Precision.YEAR) is Flag.CRITICALLY_HIGH


def test_a_range_that_came_with_the_result_goes_before_the_organizations(ward: Ward) -> None:
    usual(ward)
    own = ReferenceRange(Decimal(11), Decimal(13))

    assert measured(ward, "11.5", reference_range=own) is Flag.NORMAL
    assert measured(ward, "6", reference_range=own) is Flag.CRITICALLY_LOW
    assert measured(ward, "15", code="", reference_range=own) is Flag.HIGH


def test_where_nothing_is_known_there_is_no_flag(ward: Ward) -> None:
    assert measured(ward, "6") is None
    usual(ward, code="other")
    usual(ward, code_system="another")

    assert measured(ward, "6") is None
    assert measured(ward, "6", quantity=None) is None


def test_a_unit_of_something_else_is_refused_and_the_expected_one_is_named(ward: Ward) -> None:
    usual(ward)

    with pytest.raises(UnitMismatch) as mismatch:
        measured(ward, "6", "mmol/L")
    with pytest.raises(UnitUnknown):
        measured(ward, "6", "gramm")

    assert mismatch.value.members == {"expected": "g/dL"}
    assert not Record.objects.exists()


def test_amending_flags_anew_and_restoring_brings_the_flag_back(ward: Ward) -> None:
    limits = usual(ward)
    assert measured(ward, "6") is Flag.CRITICALLY_LOW
    record = Record.objects.get()

    amend_record(by=ward.osei, record=record, changes={"quantity": Quantity(Decimal(16), "", "g/dL")}, now=TEN)
    assert read_record(ward.osei, record.id).statement.flag is Flag.HIGH
    with pytest.raises(UnitMismatch):
        amend_record(by=ward.osei, record=record, changes={"quantity": Quantity(Decimal(16), "", "kg")}, now=TEN)
    remove_range(by=ward.ama, range_id=limits.id, if_match=None)
    amend_record(by=ward.osei, record=Record.objects.get(), changes={"title": "Hb"}, now=TEN)
    assert read_record(ward.osei, record.id).statement.flag is Flag.HIGH
    restore_version(by=ward.osei, record=Record.objects.get(), version=1, now=TEN)
    assert read_record(ward.osei, record.id).statement.flag is Flag.CRITICALLY_LOW


def test_an_import_flags_what_it_can_and_refuses_nothing(ward: Ward) -> None:
    save_range(
        by=ward.ama, range_id=None, said=RangeSaid(code_system=A1C.system, code=A1C.code, unit="%",
                                                   critical_high=Decimal(7)), if_match=None, now=TEN,
    )  # fmt: skip
    units = {"percent": "%", "other": "mm[Hg]", "none": "", "nonsense": "per cent"}
    entries = [
        entry_of(ward.organization_id, key, quantity=Quantity(Decimal("7.2"), unit, unit), reference_range=None)
        for key, unit in units.items()
    ]
    safe = patient_safe(ward.organization_id, ward.kofi_patient.id)

    def queries(some: Any) -> int:
        with CaptureQueriesContext(connections["clinical"]) as asked:
            import_records(by=ward.ama, patient_id=ward.kofi_patient.id, safe=safe, entries=some, now=TEN)
        return len(asked)

    one, three = queries(entries[:1]), queries(entries[1:])

    flags = list(Record.objects.order_by("recorded_at", "id").values_list("quantity_code", "flag"))
    assert flags == [("%", "HH"), ("mm[Hg]", None), ("", None), ("per cent", None)]
    assert one == three


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({}, RangesOverlap),
        ({"age_from": 17, "age_until": 30}, RangesOverlap),
        ({"age_from": 18, "age_until": 18}, Invalid),
        ({"age_from": 18, "low": Decimal(16)}, Invalid),
        ({"age_from": 18, "critical_low": Decimal(13)}, Invalid),
        ({"age_from": 18, "low": None, "high": None, "critical_low": Decimal(21)}, Invalid),
        ({"age_from": 18, "unit": "g/dl/"}, UnitUnknown),
    ],
)
def test_ranges_that_contradict_themselves_or_others_are_refused(
    ward: Ward, said: dict[str, Any], refusal: type[DomainError]
) -> None:
    usual(ward, age_until=18)

    with pytest.raises(refusal):
        usual(ward, **said)

    assert UsualRange.objects.count() == 1


def test_a_range_is_changed_by_who_read_it_and_by_nobody_else(ward: Ward) -> None:
    made = usual(ward)
    said = RangeSaid(code=HB.code, unit="g/L")

    changed = save_range(by=ward.ama, range_id=made.id, said=said, if_match=1, now=TEN)
    refusals: list[tuple[type[DomainError], Any]] = [
        (StaleVersion, {"by": ward.ama, "range_id": made.id, "if_match": 1}),
        (NotFound, {"by": ward.ama, "range_id": new_id(), "if_match": None}),
        (NotPermitted, {"by": ward.osei, "range_id": made.id, "if_match": None}),
        (NotPermitted, {"by": ward.kofi, "range_id": None, "if_match": None}),
    ]
    for refusal, how in refusals:
        with pytest.raises(refusal):
            save_range(**how, said=said, now=TEN)

    assert (changed.version, UsualRange.objects.get().unit) == (2, "g/L")


@pytest.mark.parametrize(
    ("born", "on", "days", "months", "years"),
    [
        (date(2024, 2, 29), date(2025, 2, 28), 365, 11, 0),
        (date(2024, 2, 29), date(2025, 3, 1), 366, 12, 1),
        (date(2026, 1, 31), date(2026, 2, 28), 28, 0, 0),
        (date(2026, 5, 4), date(2026, 5, 4), 0, 0, 0),
        (date(2026, 5, 5), date(2026, 5, 4), -1, -1, -1),
    ],
)
def test_an_age_counts_completed_units(born: date, on: date, days: int, months: int, years: int) -> None:
    assert [age(born, on, unit) for unit in (AgeUnit.DAYS, AgeUnit.MONTHS, AgeUnit.YEARS)] == [days, months, years]


def test_a_month_and_a_year_leave_their_days_open() -> None:
    assert days_of(date(2024, 2, 1), "month") == Days(date(2024, 2, 1), date(2024, 2, 29))
    assert days_of(date(2024, 12, 1), "month") == Days(date(2024, 12, 1), date(2024, 12, 31))
    assert days_of(date(2024, 2, 1), "year") == Days(date(2024, 1, 1), date(2024, 12, 31))


def test_one_limit_is_enough_to_be_usual() -> None:
    value = Quantity(Decimal(5), "%", "%")

    assert flag_of(value, ReferenceRange(None, Decimal(6)), None) is Flag.NORMAL
    assert flag_of(value, ReferenceRange(Decimal(6), None), None) is Flag.LOW
    assert flag_of(value, None, None) is None
