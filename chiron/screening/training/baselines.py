"""What a model has to beat: a logistic regression, age and sex alone, and an MCV above 100 fL."""

from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

from chiron.screening.blood.features import FEATURES
from chiron.screening.training.measures import Floats, Mask, expit

AGE_AND_SEX = "age and sex"
REGRESSION = "logistic regression"
LARGE_CELLS = "MCV > 100 fL"
PREDICTORS: dict[str, tuple[str, ...]] = {REGRESSION: FEATURES, AGE_AND_SEX: ("age", "sex")}
DIGITS = 6
"""Fewer than processors agree on."""


def fit_baselines(features: Floats, outcome: Mask) -> dict[str, dict[str, list[float] | float]]:
    """The regressions' numbers, by name, learned from the same rows as the model: what `said_by_baselines` takes.

    What is missing counts as the median; the penalty is the library's usual one, on standardized predictors.
    """
    found: dict[str, dict[str, list[float] | float]] = {}
    for name, predictors in PREDICTORS.items():
        filling = SimpleImputer(strategy="median", keep_empty_features=True)
        scaling, regression = StandardScaler(), LogisticRegression(solver="newton-cholesky", tol=1e-9)
        make_pipeline(filling, scaling, regression).fit(features[:, columns(predictors)], outcome)
        found[name] = {
            "median": rounded(filling.statistics_),
            "mean": rounded(scaling.mean_),
            "scale": rounded(scaling.scale_),
            "coefficient": rounded(regression.coef_[0]),
            "intercept": rounded(regression.intercept_)[0],
        }
    return found


def said_by_baselines(numbers: dict[str, Any], features: Floats) -> dict[str, Floats]:
    """A probability (of MCV > 100 fL: yes or no) per row, by each baseline's name."""
    said = {LARGE_CELLS: (features[:, FEATURES.index("mcv")] > 100).astype(np.float64)}
    for name, predictors in PREDICTORS.items():
        known, given = numbers[name], features[:, columns(predictors)]
        filled = np.where(np.isnan(given), np.array(known["median"]), given)
        standard = (filled - np.array(known["mean"])) / np.array(known["scale"])
        said[name] = expit(standard @ np.array(known["coefficient"]) + known["intercept"])
    return said


def columns(predictors: tuple[str, ...]) -> list[int]:
    return [FEATURES.index(name) for name in predictors]


def rounded(values: Floats) -> list[float]:
    return [round(float(each), DIGITS) for each in values]
