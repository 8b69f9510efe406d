"""The logistic function, the same to the last bit on every machine."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # high has room for times 1023 without error
TERMS = 16


def logistic(score: Floats) -> Floats:
    """1 / (1 + e**-score), within 1e-15. Beyond +-500 it is what it is at 500.

    numpy's own exp differs in the last bit between processors; what is computed here uses only operations that
    IEEE 754 fixes exactly, so that an old answer can be recomputed elsewhere.
    """
    return np.asarray(1.0 / (1.0 + _exponential(-np.clip(score, -500.0, 500.0))))


def _exponential(x: Floats) -> Floats:
    twos = np.rint(x / (LN2_HIGH + LN2_LOW))
    rest = (x - twos * LN2_HIGH) - twos * LN2_LOW
    series = np.ones_like(rest)
    for term in range(TERMS, 0, -1):
        series = 1.0 + rest * series / term
    return np.ldexp(series, twos.astype(np.int32))
