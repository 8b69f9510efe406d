"""The organization's reference ranges (REC-09)."""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, refusing
from chiron.kernel.errors import NotFound
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import expect
from chiron.records.errors import AgesGoDownward, RangeGoesDownward, RangesOverlap, UnitUnknown
from chiron.records.flags import place_of
from chiron.records.models import UsualRange
from chiron.records.ucum import is_unit
from chiron.records.words import AgeUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeSaid:
    """A reference range as somebody states it; see `UsualRange`."""

    code_system: str = ""
    code: str
    sex: str = ""
    age_unit: AgeUnit = AgeUnit.YEARS
    age_from: int = 0
    age_until: int | None = None
    unit: str
    low: Decimal | None = None
    high: Decimal | None = None
    critical_low: Decimal | None = None
    critical_high: Decimal | None = None
    molar_mass: Decimal | None = None


def range_of_id(by: Caller, range_id: UUID, action: str = "read") -> UsualRange:
    """The door to one reference range, locked for a change. Raises NotFound."""
    by.scope("reference-ranges", action)
    ranges = UsualRange.objects.filter(id=range_id)
    found = (ranges if action == "read" else ranges.select_for_update()).first()
    if found is None:
        raise NotFound
    return found


def read_range(by: Caller, range_id: UUID) -> UsualRange:
    """One reference range. Raises NotFound."""
    found = range_of_id(by, range_id)
    audit.record(by, "reference_range.read", resource="reference-ranges", resource_id=found.id)
    return found


def list_ranges(by: Caller, query: PageQuery, *, code: str | None = None) -> Page[UsualRange]:
    """A page of the reference ranges, or of those of one code, the newest first."""
    by.scope("reference-ranges", "read")
    ranges = UsualRange.objects.all() if code is None else UsualRange.objects.filter(code=code)
    audit.record(by, "reference_range.listed", resource="reference-ranges")
    return page(ranges, query)


def save_range(
    *, by: Caller, range_id: UUID | None, said: RangeSaid, if_match: int | None, now: datetime
) -> UsualRange:
    """A new reference range, or an old one said anew; what is already flagged stays as it is.

    Raises NotFound, StaleVersion, UnitUnknown, RangesOverlap, RangeGoesDownward, AgesGoDownward.
    """
    if range_id is None:
        by.scope("reference-ranges", "create")
        usual = UsualRange(recorded_at=now, version=0)
    else:
        usual = range_of_id(by, range_id, "update")
        expect(usual, if_match)
    if not is_unit(said.unit):
        raise UnitUnknown
    for name, value in asdict(said).items():
        setattr(usual, name, value)
    usual.place = place_of(said.code_system, said.code, said.sex, said.age_unit)
    usual.version, usual.updated_at = usual.version + 1, now
    if said.age_until is not None and said.age_until <= said.age_from:
        raise AgesGoDownward
    with refusing(
        CLINICAL,
        reference_ranges_do_not_overlap=RangesOverlap,
        a_reference_range_goes_upward=RangeGoesDownward,
    ):
        usual.save()
    audit.record(by, "reference_range.saved", resource="reference-ranges", resource_id=usual.id)
    return usual


def remove_range(*, by: Caller, range_id: UUID, if_match: int | None) -> None:
    """Take a reference range away; what is already flagged stays as it is. Raises NotFound, StaleVersion."""
    usual = range_of_id(by, range_id, "delete")
    expect(usual, if_match)
    usual.delete()
    audit.record(by, "reference_range.removed", resource="reference-ranges", resource_id=range_id)
