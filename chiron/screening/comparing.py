"""The active model against the one in its shadow: on the same questions, what each said, and who was right later."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Abs

from chiron.kernel.access import Caller
from chiron.kernel.errors import invalid
from chiron.screening.model.bundles import SCORES
from chiron.screening.models import Screening, ShadowAnswer
from chiron.screening.queries import CONFIRMED
from chiron.screening.shelf import bundle_if_whole
from chiron.screening.watching import Measured, fits_of, measured
from chiron.screening.words import Outcome, ResultClass, ShadowOutcome
from chiron.tenancy.public import current_organization_id, organization_for_id

DAY = timedelta(days=1)
WINDOW, LONGEST = 28 * DAY, 366 * DAY
UNCLASSIFIED = "unclassified"
"""What is said of an answer with probabilities for which a model's thresholds allow no class."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days of the organization's clock, both included."""

    first: date
    last: date

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """When the first begins, and when the one after the last does."""
        return datetime.combine(self.first, time(), zone), datetime.combine(self.last + DAY, time(), zone)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two models said to the same questions.

    ``cells`` count what the active one said by what the one in the shadow would have: a class, ``unclassified``,
    ``abstained``, or of the latter ``failed``. ``differences`` are the means of the absolute differences of the three
    probabilities where both gave some; None where they never did. ``outcomes`` is what later measurements say of both.
    """

    active: str
    shadow: str
    days: Days
    cells: dict[Pair, int]
    differences: dict[str, float | None]
    outcomes: list[Measured]

    @property
    def screenings(self) -> int:
        """How many questions both were asked."""
        return sum(self.cells.values())

    @property
    def failed(self) -> int:
        """Of how many the one in the shadow was away or failed."""
        return sum(number for (_, shadow), number in self.cells.items() if shadow == ShadowOutcome.FAILED)

    @property
    def abstained(self) -> dict[str, int]:
        """Of how many only the active one abstained, only the one in the shadow, and both."""
        found: Counter[str] = Counter(active=0, shadow=0, both=0)
        for (active, shadow), number in self.cells.items():
            match active == Outcome.ABSTAINED, shadow == ShadowOutcome.ABSTAINED:
                case True, True:
                    found["both"] += number
                case True, False:
                    found["active"] += number
                case False, True:
                    found["shadow"] += number
        return dict(found)


def compare(by: Caller, since: date | None, until: date | None, now: datetime) -> list[Comparison]:
    """Each pair of an active model and one in its shadow on these days: the last four weeks where nothing is said.

    Whose key was destroyed is in it no more. Raises NotPermitted, Invalid for days that are too many or the wrong way.
    """
    by.scope("screening-shadows", "read")
    zone = ZoneInfo(organization_for_id(current_organization_id()).time_zone)
    last = until or now.astimezone(zone).date()
    days = Days(since or last - WINDOW + DAY, last)
    if not days.first <= days.last < days.first + LONGEST:
        raise invalid(f"lie at most {LONGEST.days} days apart, the first before the last", "query", "from")
    begin, end = days.instants(zone)
    answers = ShadowAnswer.objects.filter(made_at__gte=begin, made_at__lt=end)
    groups = list(_groups(answers))
    pairs = sorted({(each["screening__bundle_hash"], each["bundle_hash"]) for each in groups})
    return [_compared(answers, days, pair, groups) for pair in pairs]


def _groups(answers: "QuerySet[ShadowAnswer]") -> Iterator[dict[str, Any]]:
    """One row for each pair of models and of what they said, in one query."""
    off = {name: Sum(Abs(F(f"screening__{name}") - F(name))) for name in SCORES}
    said = answers.values(
        "screening__bundle_hash", "screening__outcome", "screening__result_class",
        "bundle_hash", "outcome", "result_class",
    )  # fmt: skip
    yield from said.annotate(number=Count("id"), **{f"off_{name}": total for name, total in off.items()}).order_by()


def _compared(answers: "QuerySet[ShadowAnswer]", days: Days, pair: Pair, groups: list[dict[str, Any]]) -> Comparison:
    own = [each for each in groups if (each["screening__bundle_hash"], each["bundle_hash"]) == pair]
    cells: Counter[Pair] = Counter()
    for each in own:
        active = _said(each["screening__outcome"], each["screening__result_class"])
        cells[active, _said(each["outcome"], each["result_class"])] += each["number"]
    both = [each for each in own if each["off_p_normal"] is not None]
    number = sum(each["number"] for each in both)
    differences = {name: sum(each[f"off_{name}"] for each in both) / number if number else None for name in SCORES}
    return Comparison(*pair, days, dict(cells), differences, list(_outcomes(answers, pair)))


def _said(outcome: str, result_class: str) -> str:
    return outcome if outcome != ShadowOutcome.CLASSIFIED else result_class or UNCLASSIFIED


def _outcomes(answers: "QuerySet[ShadowAnswer]", pair: Pair) -> Iterator[Measured]:
    """What later measurements of the same patients say of both models, each by its own cutoffs, in one query."""
    sides = dict(zip(("screening__", ""), map(bundle_if_whole, pair), strict=True))
    counts: dict[str, Count] = {}
    for side, bundle in sides.items():
        for word, fits in fits_of(bundle, "screening__confirmed_value").items() if bundle else ():
            asked = Q((f"{side}result_class", word))
            counts[f"of_{side}{word}"] = Count("id", filter=asked)
            counts[f"agreeing_{side}{word}"] = Count("id", filter=asked & fits)
    of_pair = answers.filter(screening__bundle_hash=pair[0], bundle_hash=pair[1])
    found = of_pair.filter(screening__in=Screening.objects.filter(CONFIRMED)).aggregate(**counts)
    for side, bundle in sides.items():
        for word in ResultClass:
            if bundle and (of := found[f"of_{side}{word}"]):
                yield measured(bundle, word, of=of, agreeing=found[f"agreeing_{side}{word}"])
