"""Mistakes that laboratories make, planted into real counts of adults (NHANES 2003-04 and 2011-12)."""

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from chiron.screening.blood.analytes import ANALYTES
from chiron.screening.blood.reading import CountRefused, Measured, read_count

FOLDER = Path(settings.BASE_DIR).parent / "shared" / "data" / "nhanes"
COLUMNS = dict(zip(ANALYTES, (
    "LBXHGB", "LBXHCT", "LBXRBCSI", "LBXMCVSI", "LBXMCHSI", "LBXMC", "LBXRDW", "LBXWBCSI", "LBXPLTSI", "LBXNEPCT",
    "LBXLYPCT", "LBXMOPCT", "LBXEOPCT", "LBXBAPCT",
), strict=True))  # fmt: skip
Row = dict[str, Decimal]
Mistake = Callable[[Row], Row]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    if not FOLDER.is_dir():
        pytest.skip("the outside data are not there: shared/data/nhanes beside the project")
    found = []
    for path in sorted(FOLDER.glob("b12_cbc_*.csv")):
        with path.open() as file:
            for line in csv.DictReader(file):
                if float(line["RIDAGEYR"]) >= 20 and all(line[column] for column in list(COLUMNS.values())[:9]):
                    found.append({name: Decimal(line[column]) for name, column in COLUMNS.items() if line[column]})
    return found


def taken(row: Row) -> bool:
    try:
        read_count({name: Measured(value, ANALYTES[name].unit) for name, value in row.items()})
    except CountRefused:
        return False
    return True


def swapped(one: str, other: str) -> Mistake:
    return lambda row: row | {one: row[other], other: row[one]}


MISTAKES: dict[str, Mistake] = {
    "hemoglobin in g/L": lambda row: row | {"hemoglobin": row["hemoglobin"] * 10},
    "hemoglobin in mmol/L": lambda row: row | {"hemoglobin": row["hemoglobin"] / Decimal("1.61145")},
    "hematocrit as a fraction": lambda row: row | {"hematocrit": row["hematocrit"] / 100},
    "leukocytes in a microlitre": lambda row: row | {"wbc": row["wbc"] * 1000},
    "MCHC in g/L": lambda row: row | {"mchc": row["mchc"] * 10},
    "erythrocytes and hemoglobin swapped": swapped("rbc", "hemoglobin"),
    "MCV and MCH swapped": swapped("mcv", "mch"),
}


def test_at_most_one_real_count_in_a_thousand_is_refused(rows: list[Row]) -> None:
    refused = sum(not taken(row) for row in rows)

    assert len(rows) == 9566
    assert refused == 9


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_classic_mistake_is_caught_in_every_real_count(rows: list[Row], mistake: str) -> None:
    assert sum(taken(MISTAKES[mistake](row)) for row in rows) == 0
