"""What the model that is shipped says of the blood counts of the demo clinic, for research."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from chiron.kernel.access import Caller, Scope
from chiron.laboratory.public import Specimen
from chiron.operations.demo import Demo
from chiron.operations.demo_laboratory import SPECIMENS, Count, found_in, technician_of
from chiron.operations.demo_past import ENOUGH, rush, season
from chiron.operations.mock.dice import Dice
from chiron.registry.public import laboratories_of, patients_within
from chiron.screening.public import Asked, Measured, Screening, classify
from chiron.tenancy.public import inside

WEEKS = 8
SCREENING_DAYS = (1, 7)
"""Monday and Sunday: wherever a month ends within a week, both parts of it have one, and so no week is masked."""
A_DAY, MORE_OR_LESS = 14, 1
"""Blood counts of such a day, and how many more in winter."""


def give_screenings(demo: Demo, now: datetime) -> None:
    """The blood counts that were reported, and those of unnamed people in the weeks before; once, if there are none.

    A clinic of fewer than ten patients has no weeks before.
    """
    with inside(demo.organization.id):
        technician = technician_of(demo)
        counted = [each.counted for each in SPECIMENS if each.counted]
        specimens = Specimen.objects.filter(state="examined", laboratory__in=laboratories_of(technician)).order_by("id")
        if not Screening.objects.exists():
            if patients_within(demo.admin, Scope.ORGANIZATION).count() >= ENOUGH:
                _screen_past(technician, now)
            for specimen, count in zip(specimens, counted, strict=False):
                classify(by=technician, asked=Asked(cbc=measured(count), specimen_id=specimen.id), now=now)


def _screen_past(by: Caller, now: datetime) -> None:
    """What was screened twice a week, of adults and, now and then, of somebody whom the model does not know."""
    for at in _screening_days(now):
        dice = Dice("screenings", at.date())
        for _ in range(round(A_DAY + MORE_OR_LESS * season(at.date())) + rush(at.date())):
            age = dice.number(86, 95) if dice.chance(0.08) else dice.number(21, 84)
            asked = Asked(cbc=measured(count_of(dice)), age=age, sex=dice.one(("female", "male")))
            classify(by=by, asked=asked, now=at)


def _screening_days(now: datetime) -> Iterator[datetime]:
    """The hour that it is, on the days of so many weeks that are over and of this one."""
    for back in range(7 * WEEKS + now.isoweekday() - 1, 0, -1):
        day = now - timedelta(days=back)
        if day.isoweekday() in SCREENING_DAYS:
            yield day


def count_of(dice: Dice) -> Count:
    """The blood count of an adult, as they scatter."""
    return Count(
        rbc=near(dice, 4.6, 0.3, "0.01"), mcv=near(dice, 90, 4.5, "0.1"), mchc=near(dice, 33.6, 0.5, "0.1"),
        rdw=near(dice, 13.3, 0.7, "0.1"), wbc=near(dice, 6.8, 1.1, "0.1"), platelets=near(dice, 250, 40, "1"),
    )  # fmt: skip


def near(dice: Dice, mean: float, deviation: float, digits: str) -> str:
    """A measured number near a mean, with so many digits."""
    return str(Decimal(dice.around(mean, deviation)).quantize(Decimal(digits)))


def measured(count: Count) -> dict[str, Measured]:
    """A blood count as a screening is asked about it."""
    return {each.code: Measured(each.value, each.unit) for each in found_in(count)}
