"""Made-up patients read, trained on and tested once, for all tests of this folder."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chiron.screening.model.bundles import Bundle
from chiron.screening.training.cohort import Cohort, read_cohort
from chiron.screening.training.demo import write_demo
from chiron.screening.training.fitting import Setting
from chiron.screening.training.tests.factories import ROCHE, source
from chiron.screening.training.training import Plan, train
from chiron.screening.training.validation import Trial, validate

PLAN = Plan(name="made-up", version="1", seed=0, stated={}, grid=(Setting(trees=80, depth=2, rate=0.2),))
TRIAL = Trial(draws=100)
"""Quick, and too few to pass."""


class MadeUp(NamedTuple):
    """The file, its rows, the folder of the bundle trained on 2021 and 2022, and what 2023 said of it."""

    path: Path
    cohort: Cohort
    folder: Path
    tested: Path
    bundle: Bundle
    report: dict[str, Any]


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> MadeUp:
    folder = tmp_path_factory.mktemp("b12")
    write_demo(folder / "rows.csv", seed=1, rows=8000)
    as_if_measured(folder / "rows.csv")
    cohort = read_cohort(folder / "rows.csv", source())
    train(folder / "trained", cohort=earlier(cohort), label=ROCHE, plan=PLAN)
    bundle, report = validate(folder / "trained", folder / "tested", cohort=cohort, label=ROCHE, trial=Trial())
    return MadeUp(folder / "rows.csv", cohort, folder / "trained", folder / "tested", bundle, report)


def as_if_measured(path: Path) -> None:
    """Take out of a file of made-up patients that they are."""
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line.rpartition(",")[0] for line in lines), encoding="utf-8")


def earlier(cohort: Cohort) -> Cohort:
    return cohort.only(cohort.periods < "2023", "kept for testing")
