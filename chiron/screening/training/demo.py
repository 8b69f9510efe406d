"""Made-up patients by a law that is known, so that what a model should find is known too.

The law: ln(B12) is normal with standard deviation SPREAD around a mean that falls with MCV, RDW and age. In it a blood
count tells far more of vitamin B12 than in any population that was ever published: it shows that training, calibration
and gate work, and nothing else.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr  # type: ignore[import-untyped]

from chiron.screening.blood.features import FEATURES
from chiron.screening.training.cohort import MADE_UP
from chiron.screening.training.measures import Floats

SPREAD = 0.26
MIDDLE = 330.0
PERIODS = ("2021", "2022", "2023")
SITES = ("north", "south")


@dataclass(frozen=True, slots=True)
class Rows:
    """Features in the order of `FEATURES`, as written; NaN where the differential was not counted."""

    features: Floats
    b12: Floats
    patients: NDArray[np.intp]
    periods: NDArray[np.str_]
    sites: NDArray[np.str_]
    pregnant: NDArray[np.bool_]


def mean_log_b12(features: Floats) -> Floats:
    """The mean of ln(B12 in pg/mL) that the law gives to each row."""
    mcv, rdw, age = (features[:, FEATURES.index(name)] for name in ("mcv", "rdw", "age"))
    found: Floats = np.log(MIDDLE) - 0.34 * (mcv - 90) / 6 - 0.20 * (rdw - 13.5) / 1.2 - 0.06 * (age - 50) / 18
    return found


def chance_below(cutoff: float, features: Floats) -> Floats:
    """What a perfect model would say: the law's probability of a B12 below the cutoff, per row."""
    found: Floats = ndtr((np.log(cutoff) - mean_log_b12(features)) / SPREAD)
    return found


def made_up(*, seed: int, rows: int) -> Rows:
    """So many blood counts with B12 values, over three years; some patients come several times."""
    random = np.random.default_rng(seed)
    patients = random.integers(0, rows * 5, size=rows)
    of = np.random.default_rng((seed, 1))  # what belongs to the patient, whichever row comes first
    age0, female, own_mcv = (
        of.integers(20, 86, size=rows * 5),
        of.random(rows * 5) < 0.5,
        of.normal(90, 5.5, size=rows * 5),
    )
    age, sex = age0[patients].astype(np.float64), female[patients].astype(np.float64)
    mcv = np.clip(own_mcv[patients] + random.normal(0, 1.5, size=rows), 65, 125)
    rbc = np.clip(random.normal(4.9, 0.4, size=rows) - 0.4 * sex, 3, 6.5)
    mchc = np.clip(random.normal(33.5, 0.8, size=rows), 30, 36.5)
    hematocrit = rbc * mcv / 10
    hemoglobin = hematocrit * mchc / 100
    rdw = np.clip(random.normal(13.5, 1.2, size=rows), 11, 20)
    wbc, platelets = random.normal(7, 1.5, size=rows).clip(3, 14), random.normal(250, 50, size=rows).clip(100, 450)
    differential = random.dirichlet((58, 30, 8, 3, 1), size=rows) * 100
    differential[random.random(rows) < 0.05] = np.nan
    red = (hemoglobin, hematocrit, rbc, mcv, hemoglobin / rbc * 10, mchc, rdw)
    features = np.column_stack((*red, wbc, platelets, differential, age, sex)).round(1)
    features[:, FEATURES.index("rbc")] = rbc.round(2)
    b12 = np.exp(mean_log_b12(features) + SPREAD * random.normal(size=rows)).round(1)
    b12[random.random(rows) < 0.03] = np.nan
    return Rows(
        features=features,
        b12=b12,
        patients=patients,
        periods=random.choice(PERIODS, size=rows).astype(np.str_),
        sites=random.choice(SITES, size=rows).astype(np.str_),
        pregnant=(sex == 1) & (age < 45) & (random.random(rows) < 0.03),
    )


def write_demo(path: Path, *, seed: int, rows: int) -> None:
    """The same as CSV, under the names that `b12 train` reads without being told; each row says that it is made up."""
    made = made_up(seed=seed, rows=rows)
    names = ("patient", "time", "site", "pregnant", *FEATURES[:-1], "sex", "b12", MADE_UP)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for number in range(rows):
            head = f"P{made.patients[number]:06}", made.periods[number], made.sites[number]
            count = [written(each) for each in made.features[number, :-1]]
            sex = "female" if made.features[number, -1] else "male"
            pregnant = "yes" if made.pregnant[number] else "no"
            writer.writerow((*head, pregnant, *count, sex, written(made.b12[number]), "yes"))


def written(value: float) -> str:
    return "" if np.isnan(value) else f"{value:g}"
