"""What follows from what is said alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chiron.kernel.errors import invalid
from chiron.laboratory.errors import AnalyteTwice
from chiron.records.public import Code, Quantity, RecordType, ReferenceRange, Statement

LOINC = "http://loinc.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecimenSaid:
    """A specimen as somebody states it; received where `received_at` says when."""

    laboratory_id: UUID
    patient_id: UUID
    number: str
    kind: Code
    collected_at: datetime
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found of one analyte: `code` of LOINC, `value` in `unit` of UCUM, beside the laboratory's own range."""

    code: str
    name: str
    value: Decimal
    unit: str
    low: Decimal | None = None
    high: Decimal | None = None

    def statement(self, collected_at: datetime) -> Statement:
        """What the patient's chart says of it: an observation, of when the specimen was collected."""
        usual = None if self.low is None and self.high is None else ReferenceRange(self.low, self.high)
        return Statement(
            record_type=RecordType.LAB_RESULT,
            title=self.name,
            resource_type="Observation",
            codes=(Code(LOINC, self.code, self.name),),
            occurred_at=collected_at,
            quantity=Quantity(self.value, self.unit, self.unit),
            reference_range=usual,
        )


def is_loinc(code: str) -> bool:
    """Whether a code is written as LOINC writes them: up to seven digits, and the check digit (modulus 10) of them."""
    if not re.fullmatch(r"[1-9][0-9]{0,6}-[0-9]", code):
        return False
    digits, check = code.split("-")
    doubled = [int(digit) * (2 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(digits))]
    return (10 - sum(each // 10 + each % 10 for each in doubled) % 10) % 10 == int(check)


def must_be_in_order(earlier: datetime, later: datetime, now: datetime, field: str) -> None:
    """Refuse `later`, which `field` of the body says, where it is before the other or after now. Raises Invalid."""
    if later < earlier:
        raise invalid("is before what must come first", "body", field)
    if later > now:
        raise invalid("is in the future", "body", field)


def must_stand_once(found: Sequence[Found]) -> None:
    """Refuse an analyte that stands twice. Raises AnalyteTwice."""
    if len({each.code for each in found}) < len(found):
        raise AnalyteTwice
