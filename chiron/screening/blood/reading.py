"""From what was sent to a count in canonical units, or to a refusal that says which lines are wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from chiron.screening.blood.analytes import ANALYTES, DIFFERENTIAL, NAME_BY_LOINC, RDW_SD, Analyte

Count = dict[str, float]
"""Values by the analyte's name, in canonical units; what was not measured is absent."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A value with its unit in UCUM."""

    value: Decimal
    unit: str


class CountRefused(Exception):
    """The count cannot be what was measured. ``errors`` are pairs of field (or fields, with commas) and reason."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__(", ".join(field for field, _ in errors))
        self.errors = errors


def read_count(given: Mapping[str, Measured]) -> Count:
    """The count in canonical units, from analytes by name or by LOINC code.

    Raises CountRefused with every reason of the first kind that there is: lines that are unknown, missing or in a unit
    that is not theirs; values that no living adult has; values that do not fit each other.
    """
    named, errors = _named(given)
    errors += [(each, "is missing") for each, about in ANALYTES.items() if about.required and each not in named]
    count: Count = {}
    for name, measured in named.items():
        value = _canonical(ANALYTES[name], measured, named.get("wbc"))
        if value is None:
            errors.append((name, f"must come in one of these UCUM units: {ANALYTES[name].taken}.{ANALYTES[name].hint}"))
        else:
            count[name] = float(value)
    _refuse(errors)
    _refuse([(name, _impossible(ANALYTES[name])) for name, value in count.items() if not _possible(name, value)])
    _refuse(misfits(count))
    return {name: count[name] for name in ANALYTES if name in count}


def misfits(count: Count) -> list[tuple[str, str]]:
    """The pairs that contradict each other: an analyzer derives one from the other, so they agree up to rounding.

    Tolerances: 3 fL, 1 pg, 1.5 g/dL; a differential sums to 98-102 %, and to no more where a line of it is missing.
    """
    volume = 10 * count["hematocrit"] / count["rbc"]
    content = 10 * count["hemoglobin"] / count["rbc"]
    concentration = 100 * count["hemoglobin"] / count["hematocrit"]
    found = []
    if abs(count["mcv"] - volume) > 3:
        found.append(("mcv,hematocrit,rbc", "MCV and 10 x hematocrit / erythrocytes differ by more than 3 fL"))
    if abs(count["mch"] - content) > 1:
        found.append(("mch,hemoglobin,rbc", "MCH and 10 x hemoglobin / erythrocytes differ by more than 1 pg"))
    if abs(count["mchc"] - concentration) > 1.5:
        found.append(
            ("mchc,hemoglobin,hematocrit", "MCHC and 100 x hemoglobin / hematocrit differ by more than 1.5 g/dL")
        )
    parts = [count[each] for each in DIFFERENTIAL if each in count]
    total = sum(parts)
    if total > 102 or (len(parts) == len(DIFFERENTIAL) and total < 98):
        found.append((",".join(DIFFERENTIAL), "the differential does not sum to 98-102 %"))
    return found


def _named(given: Mapping[str, Measured]) -> tuple[dict[str, Measured], list[tuple[str, str]]]:
    named: dict[str, Measured] = {}
    errors = []
    for key, measured in given.items():
        name = key if key in ANALYTES else NAME_BY_LOINC.get(key)
        if key in RDW_SD:
            errors.append(("rdw", f"must be the coefficient of variation.{ANALYTES['rdw'].hint}"))
        elif name is None:
            errors.append(("cbc", "has a line that is neither an analyte of a blood count nor its LOINC code"))
        elif name in named:
            errors.append((name, "is there twice"))
        else:
            named[name] = measured
    return named, errors


def _canonical(analyte: Analyte, measured: Measured, white_cells: Measured | None) -> Decimal | None:
    factor = analyte.units.get(measured.unit)
    if factor is not None:
        return measured.value * factor
    counted = analyte.counted.get(measured.unit)
    if counted is None or white_cells is None or white_cells.value <= 0:
        return None
    whole = _canonical(ANALYTES["wbc"], white_cells, None)
    return None if whole is None else 100 * measured.value * counted / whole


def _possible(name: str, value: float) -> bool:
    return ANALYTES[name].low <= value <= ANALYTES[name].high


def _impossible(analyte: Analyte) -> str:
    return f"is outside {analyte.low:g}-{analyte.high:g} {analyte.unit}, which points to a wrong unit or field"


def _refuse(errors: list[tuple[str, str]]) -> None:
    if errors:
        raise CountRefused(errors)
