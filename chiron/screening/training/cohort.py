"""The rows of a file that count: adults who are not pregnant, with a B12 value and a count that could be screened."""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chiron.screening.blood.analytes import ANALYTES, DIFFERENTIAL
from chiron.screening.blood.features import FEATURES, features_of
from chiron.screening.blood.reading import CountRefused, Measured, read_count
from chiron.screening.rules import OLDEST, YOUNGEST
from chiron.screening.training.columns import Columns
from chiron.screening.training.errors import LabelLeaks, TrainingRefused
from chiron.screening.training.labels import Label
from chiron.screening.training.measures import Floats, Mask, auc

SEXES = ("female", "male")
AGE_BANDS = ((20, 39), (40, 59), (60, 85))
BANDS = tuple(f"{first}-{last}" for first, last in AGE_BANDS)
MISSING = {"", ".", "NA", "NaN", "nan", "null", "NULL", "None"}
MOST_PERIODS = 60
LARGEST = 10**9
"""Beyond it, nothing that is measured here lies."""
MADE_UP = "made_up"
"""The column in which `b12 demo-data` says that nobody was measured."""
DAY = re.compile(r"(\d{4})-\d{2}-\d{2}")
ENOUGH_TO_TELL = 20
TOO_TELLING = 0.95
"""A single feature that ranks deficiency so well, upward or downward, is the answer under another name."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Rows × FEATURES in canonical units (what was not measured is NaN), B12 in pg/mL, and whose rows they are.

    It is ``made_up`` where any of its rows is.
    """

    features: Floats
    b12: Floats
    periods: NDArray[np.str_]
    patients: NDArray[np.str_]
    groups: dict[str, NDArray[np.str_]]
    left_out: dict[str, int]
    made_up: bool = False

    def __len__(self) -> int:
        return len(self.b12)

    def only(self, rows: Mask, reason: str) -> "Cohort":
        """The same without the other rows, which are counted under the reason."""
        count = self.left_out.get(reason, 0) + int((~rows).sum())
        left_out = self.left_out | ({reason: count} if count else {})
        groups = {name: values[rows] for name, values in self.groups.items()}
        return Cohort(
            self.features[rows], self.b12[rows], self.periods[rows], self.patients[rows], groups, left_out, self.made_up
        )

    def digest(self) -> str:
        """What was trained on, told without telling it: hex SHA-256 of all rows in their order."""
        told = hashlib.sha256(self.features.tobytes() + self.b12.tobytes())
        told.update("\0".join([*self.periods, *self.patients]).encode())
        return told.hexdigest()


@dataclass(frozen=True, slots=True)
class Source:
    """How a file is to be read. `units` are UCUM by analyte, where they are not the canonical ones.

    Without its `differential`, five columns need not be there and are not read.
    """

    columns: Columns
    time: str
    label: Label
    units: Mapping[str, str]
    differential: bool = True

    @property
    def unread(self) -> tuple[str, ...]:
        """The features that are left out."""
        return () if self.differential else DIFFERENTIAL


def read_cohort(path: Path, source: Source) -> Cohort:
    """The rows that count, and how many were left out for which reason.

    Raises TrainingRefused where a column is missing or nothing is left, LabelLeaks where one feature alone answers.
    """
    left_out: Counter[str] = Counter()
    kept, made_up = [], False
    for row in rows_of(path, source):
        made_up |= bool(row.get(MADE_UP))
        found = read_row(row, source)
        if isinstance(found, str):
            left_out[found] += 1
        else:
            kept.append(found)
    if not kept:
        raise TrainingRefused("No row of the file counts: adults of 20 to 85 years with a B12 value and a blood count.")
    features, b12, periods, patients, groups = zip(*kept, strict=True)
    of_period = np.array(periods, dtype=np.str_)
    if len(np.unique(of_period)) > MOST_PERIODS:
        raise TrainingRefused(f"More than {MOST_PERIODS} periods: write days as 2021-03-04, or periods as 2021-Q1.")
    cohort = Cohort(
        features=np.array(features, dtype=np.float64),
        b12=source.label.in_pg_per_ml(np.array(b12, dtype=np.float64), of_period),
        periods=of_period,
        patients=np.array(patients, dtype=np.str_),
        groups={name: np.array([each[name] for each in groups], dtype=np.str_) for name in groups[0]},
        left_out=dict(sorted(left_out.items())),
        made_up=made_up,
    )
    refuse_what_leaks(cohort, source.label)
    return cohort


def rows_of(path: Path, source: Source) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            there = set(reader.fieldnames or ())
            if absent := [name for name in source.columns.needed(source.time, source.unread) if name not in there]:
                raise TrainingRefused(f"The file has no column {', '.join(absent)}.")
            for row in reader:
                yield {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    except (OSError, UnicodeDecodeError, csv.Error):
        raise TrainingRefused("The file cannot be read as CSV in UTF-8.") from None


Row = tuple[tuple[float, ...], float, str, str, dict[str, str]]


def read_row(row: dict[str, str], source: Source) -> Row | str:
    """One row that counts, or the reason why it does not."""
    columns = source.columns
    try:
        age = int(float(number(row[columns.features["age"]]) or -1))
        b12 = float(number(row[columns.label]) or 0)
        read = [name for name in ANALYTES if name not in source.unread]
        given = {name: number(row[columns.features[name]]) for name in read}
    except InvalidOperation:
        return "a value that is no number"
    sex = columns.sexes.get(plain(row[columns.features["sex"]]), "")
    reasons = {
        "age not 20 to 85": not YOUNGEST <= age <= OLDEST,
        "pregnant": plain(row.get(columns.pregnant, "")) in columns.pregnant_values,
        "no B12 value": b12 <= 0,
        "no sex, time or patient": not sex or row[source.time] in MISSING or row[columns.patient] in MISSING,
        "a count that is not whole": any(given[name] is None for name, each in ANALYTES.items() if each.required),
    }
    for reason, holds in reasons.items():
        if holds:
            return reason
    units = {name: source.units.get(name, analyte.unit) for name, analyte in ANALYTES.items()}
    try:
        count = read_count({name: Measured(each, units[name]) for name, each in given.items() if each is not None})
    except CountRefused:
        return "a count that would be refused"
    groups = {name: plain(row[name]) for name in columns.groups if name in row}
    return features_of(count, age, sex), b12, period_of(row[source.time]), row[columns.patient], groups


def number(text: str) -> Decimal | None:
    """Raises InvalidOperation for what is no number that could have been measured."""
    if text in MISSING:
        return None
    value = Decimal(text)
    if not value.is_finite() or abs(value) > LARGEST:
        raise InvalidOperation
    return value


def plain(text: str) -> str:
    """As a word: 1.0 is 1, Female is female, nothing is unknown."""
    return "unknown" if text in MISSING else text.lower().removesuffix(".0")


def period_of(text: str) -> str:
    """The year of a day, and anything else as it is written."""
    day = DAY.match(text)
    return day[1] if day else text


def subgroups_of(cohort: Cohort) -> dict[str, NDArray[np.str_]]:
    """Sex, band of age, and what else the file told: the value of each row by the group's name."""
    age, sex = (cohort.features[:, FEATURES.index(name)] for name in ("age", "sex"))
    bands = np.array(BANDS, dtype=np.str_)[np.searchsorted([last for _, last in AGE_BANDS], age)]
    return {"sex": np.where(sex == 1, *SEXES), "age": bands, **cohort.groups}


def refuse_what_leaks(cohort: Cohort, label: Label) -> None:
    """Raises LabelLeaks where one feature alone tells who is deficient almost without error."""
    ones = np.ones((1, len(cohort)))
    for stage, (_, _, outcome) in enumerate(label.stages(cohort.b12), start=1):
        if min(outcome.sum(), (~outcome).sum()) < ENOUGH_TO_TELL:
            continue
        for column, name in enumerate(FEATURES):
            ranked = float(auc(outcome, np.nan_to_num(cohort.features[:, column]), ones)[0])
            if max(ranked, 1 - ranked) > TOO_TELLING:
                raise LabelLeaks(f"{name} alone answers stage {stage} almost without error: is it the label?")
