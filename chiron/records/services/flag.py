"""Flagging results when they are written."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from chiron.records.entries import Statement
from chiron.records.errors import UnitMismatch, UnitUnknown
from chiron.records.flags import days_of, flag_of, in_unit_of, range_for
from chiron.records.models import UsualRange
from chiron.records.queries import zone_for
from chiron.records.ucum import is_unit
from chiron.records.words import Precision
from chiron.registry.public import Patient

Said = TypeVar("Said", bound=Statement)


def flagged(said: Said, patient: Patient, now: datetime) -> Said:
    """A statement with the flag of its result. Raises UnitUnknown; UnitMismatch, with the unit that is expected."""
    if said.quantity is None:
        return replace(said, flag=None)
    if said.quantity.code and not is_unit(said.quantity.code):
        raise UnitUnknown
    usual = Flagging([said], patient, now).range_for(said)
    if usual and said.quantity.code and in_unit_of(usual, said.quantity) is None:
        raise UnitMismatch(expected=usual.unit)
    return replace(said, flag=flag_of(said.quantity, said.reference_range, usual))


class Flagging:
    """Flags the results of one patient, by two queries however many there are."""

    def __init__(self, said: Iterable[Statement], patient: Patient, now: datetime) -> None:
        self.patient, self.now = patient, now
        self.ranges = ranges_about(said)
        self.zone = zone_for(now.date()) if self.ranges else UTC

    def flagged(self, said: Said) -> Said:
        """A statement with the flag of its result, none where its unit says nothing to the reference range."""
        if said.quantity is None:
            return said
        return replace(said, flag=flag_of(said.quantity, said.reference_range, self.range_for(said)))

    def range_for(self, said: Statement) -> UsualRange | None:
        """The organization's reference range for this patient at the time of the event."""
        if not self.ranges:
            return None
        at, exactly = said.occurred_at or self.now, said.occurred_precision is Precision.INSTANT
        happened = at.astimezone(self.zone if exactly else UTC).date()
        born = self.patient.birth_date and days_of(self.patient.birth_date, self.patient.birth_precision)
        return range_for(
            self.ranges, said.codes, self.patient.sex, born or None, days_of(happened, said.occurred_precision)
        )


def ranges_about(said: Iterable[Statement]) -> list[UsualRange]:
    """All reference ranges for what was measured."""
    codes = {code.code for each in said if each.quantity for code in each.codes}
    return list(UsualRange.objects.filter(code__in=codes)) if codes else []
