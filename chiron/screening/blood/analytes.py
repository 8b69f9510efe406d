"""The fourteen analytes of a blood count, each with its LOINC codes, the units it is taken in, and what is possible.

A unit is written in UCUM, exactly. Its factor turns a value into the canonical unit; haemoglobin in moles is counted by
the monomer, 16,114.5 g/mol (ICSH 1978). The limits are not reference ranges: outside of them no living adult's
count is to be expected, and a mistaken unit or field is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

GRAMS_PER_DECILITRE = Decimal("1.61145")
"""One mmol/L of haemoglobin monomer, in g/dL."""

PICOGRAMS = Decimal("16.1145")
"""One fmol of haemoglobin monomer, in pg."""

ONE, TENTH, HUNDRED = Decimal(1), Decimal("0.1"), Decimal(100)
CELLS: Mapping[str, Decimal] = {"10*3/uL": ONE, "10*9/L": ONE, "/uL": Decimal("0.001")}
SHARE: Mapping[str, Decimal] = {"%": ONE, "1": HUNDRED}


@dataclass(frozen=True, slots=True)
class Analyte:
    """One line of a count. ``units`` turn into the first of them; ``counted`` are units of cells, not of a share."""

    name: str
    title: str
    loincs: tuple[str, ...]
    units: Mapping[str, Decimal]
    low: float
    high: float
    required: bool = True
    counted: Mapping[str, Decimal] = field(default_factory=dict)
    hint: str = ""

    @property
    def unit(self) -> str:
        """The canonical unit."""
        return next(iter(self.units))

    @property
    def taken(self) -> str:
        """The units it may come in, for people."""
        return ", ".join([*self.units, *self.counted])


def _white_cell(name: str, *loincs: str) -> Analyte:
    return Analyte(name, name.capitalize(), loincs, SHARE, 0, 100, required=False, counted=CELLS)


ANALYTES: dict[str, Analyte] = {
    each.name: each
    for each in (
        Analyte(
            "hemoglobin", "Hemoglobin", ("718-7", "20509-6", "59260-0"),
            {"g/dL": ONE, "g/L": TENTH, "mmol/L": GRAMS_PER_DECILITRE}, 1.5, 26,
        ),
        Analyte("hematocrit", "Hematocrit", ("4544-3", "20570-8", "4545-0"), {"%": ONE, "L/L": HUNDRED}, 5, 80),
        Analyte("rbc", "Erythrocytes", ("789-8", "26453-1"), {"10*6/uL": ONE, "10*12/L": ONE}, 0.5, 9.5),
        Analyte("mcv", "Mean corpuscular volume", ("787-2", "30428-7"), {"fL": ONE, "um3": ONE}, 42, 160),
        Analyte("mch", "Mean corpuscular hemoglobin", ("785-6", "28539-5"), {"pg": ONE, "fmol": PICOGRAMS}, 10, 58),
        Analyte(
            "mchc", "Mean corpuscular hemoglobin concentration", ("786-4", "28540-3"),
            {"g/dL": ONE, "g/L": TENTH, "mmol/L": GRAMS_PER_DECILITRE}, 20, 45,
        ),
        Analyte(
            "rdw", "Erythrocyte distribution width (CV)", ("788-0", "30385-9"), SHARE, 8, 45,
            hint=" RDW-SD, in fL, is another measure and cannot stand for it.",
        ),
        Analyte("wbc", "Leukocytes", ("6690-2", "26464-8"), CELLS, 0.1, 500),
        Analyte("platelets", "Platelets", ("777-3", "26515-7"), CELLS, 1, 3000),
        _white_cell("neutrophils", "770-8", "26511-6", "751-8", "26499-4"),
        _white_cell("lymphocytes", "736-9", "26478-8", "731-0", "26474-7"),
        _white_cell("monocytes", "5905-5", "26485-3", "742-7", "26484-6"),
        _white_cell("eosinophils", "713-8", "26450-7", "711-2", "26449-9"),
        _white_cell("basophils", "706-2", "30180-4", "704-7", "26444-0"),
    )
}  # fmt: skip

DIFFERENTIAL = ("neutrophils", "lymphocytes", "monocytes", "eosinophils", "basophils")

NAME_BY_LOINC: dict[str, str] = {code: each.name for each in ANALYTES.values() for code in each.loincs}

RDW_SD = ("21000-5", "30384-2")
"""LOINC codes of the width as a standard deviation, which is not the one that is asked for."""
