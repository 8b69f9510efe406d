"""What other apps may use of screening."""

from chiron.screening.blood.reading import Measured
from chiron.screening.figures import Screened, screened
from chiron.screening.models import Drift, Screening
from chiron.screening.queries import patients_of_screenings
from chiron.screening.services.arrivals import ScreeningArrival, admit_screenings, settled_screenings
from chiron.screening.services.classify import Asked, classify
from chiron.screening.shelf import changed_bundles
from chiron.screening.watching import drift_by_week
from chiron.screening.words import Decision, Mode, Outcome, ResultClass, RiskClass

__all__ = [
    "Asked",
    "Measured",
    "classify",
    "Decision",
    "Drift",
    "Mode",
    "Outcome",
    "ResultClass",
    "RiskClass",
    "Screened",
    "Screening",
    "ScreeningArrival",
    "admit_screenings",
    "changed_bundles",
    "drift_by_week",
    "patients_of_screenings",
    "screened",
    "settled_screenings",
]
