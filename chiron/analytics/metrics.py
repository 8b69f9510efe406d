"""The metrics, each defined once. Whoever changes what one counts raises its version."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from chiron.analytics import facts
from chiron.analytics.facts import Facts
from chiron.analytics.periods import Grain
from chiron.analytics.tallies import Tally
from chiron.kernel.access import Caller, Policy, Scope


class Grouping(StrEnum):
    """By what a metric is told apart."""

    NONE = "none"
    DOCTOR = "doctor"
    DEPARTMENT = "department"
    LABORATORY = "laboratory"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class Metric:
    """A number with one definition. ``grain`` is the shortest period it is told of, ``owner`` the app that counts it,
    ``resource`` what its caller must be allowed to read; ``value`` makes the number of what was counted.

    ``rows`` are what it is told of, one for all metrics of the same rows, which decide what may be told of them. Of its
    ``parts`` each is told in whole pieces of the one before it, and ``other`` parts exclude the last of them.
    """

    name: str
    title: str
    unit: str
    definition: str
    owner: str
    resource: str
    groups: tuple[Grouping, ...]
    facts: Facts
    value: Callable[[Tally], float]
    grain: Grain = Grain.DAY
    rows: Facts | None = None
    parts: tuple[Facts, ...] = ()
    other: Facts | None = None
    version: int = 1

    @property
    def base(self) -> Facts:
        """The rows it is told of, which are its own where it has no others."""
        return self.rows or self.facts

    def is_open_to(self, by: Caller) -> bool:
        """Whether the policy gives the caller anything of what is counted."""
        return Policy.decide(by, self.resource, "read") is not Scope.NONE


def count(tally: Tally) -> float:
    """All that was counted."""
    return tally.total


def share(tally: Tally) -> float:
    """Those that are meant, of all."""
    return round(tally.counts[0] / tally.total, 4)


def used(tally: Tally) -> float:
    """The first of two sums, as a share of the second; 0 of nothing."""
    promised, offered = tally.sums or (0, 0)
    return round(promised / offered, 4) if offered else 0.0


def median_days(tally: Tally) -> float:
    """The median of hours, in days: of an even number, the mean of the two in the middle."""
    hours = sorted(tally.values.elements())
    middle = len(hours) // 2
    median = hours[middle] if len(hours) % 2 else (hours[middle - 1] + hours[middle]) / 2
    return round(median / 24, 1)


BY_DOCTOR = (Grouping.NONE, Grouping.DOCTOR, Grouping.DEPARTMENT)
BY_LABORATORY = (Grouping.NONE, Grouping.LABORATORY)

TABLE = (
    Metric(
        "appointments.booked",
        "Appointments booked",
        "appointments",
        "Appointments that begin in the period and were not cancelled; what is only held is none.",
        "scheduling", "appointments", BY_DOCTOR, facts.booked, count,
    ),
    Metric(
        "appointments.utilization",
        "Utilization",
        "share",
        "Minutes in which doctors receive, by their hours as they are now, that are promised to a patient, as a share "
        "of all minutes in which they receive. Missed appointments used their time, cancelled ones gave it back.",
        "scheduling", "appointments", BY_DOCTOR, facts.used_time, used, rows=facts.booked,
    ),
    Metric(
        "appointments.lead_time",
        "Lead time",
        "days",
        "Median of the time from the booking of an appointment that was not cancelled to its beginning, in whole "
        "hours, told in days.",
        "scheduling", "appointments", BY_DOCTOR, facts.lead_times, median_days, rows=facts.booked,
    ),
    Metric(
        "appointments.no_show_rate",
        "No-show rate",
        "share",
        "Appointments that were missed, as a share of those that were missed or to which the patient came.",
        "scheduling", "appointments", BY_DOCTOR, facts.missed, share,
        rows=facts.booked, parts=(facts.missed,),
    ),
    Metric(
        "appointments.cancellation_rate",
        "Cancellation rate",
        "share",
        "Appointments that were cancelled after they had been booked, as a share of all that had been booked, by the "
        "time at which they were to begin.",
        "scheduling", "appointments", BY_DOCTOR, facts.cancelled, share,
        rows=facts.booked, parts=(facts.cancelled,),
    ),
    Metric(
        "records.written",
        "Records written",
        "records",
        "Records by the time at which they were written, without those entered in error; the doctor is the author.",
        "records", "records", (*BY_DOCTOR, Grouping.TYPE), facts.written, count,
    ),
    Metric(
        "patients.new",
        "New patients",
        "patients",
        "Patients by the time at which they were registered, without those who turned out to be registered already.",
        "registry", "patients", (Grouping.NONE,), facts.new_patients, count,
    ),
    Metric(
        "patients.active",
        "Active patients",
        "patients",
        "Patients who came to an appointment in the month, each counted once, with the doctor who saw them first.",
        "scheduling", "appointments", BY_DOCTOR, facts.active_patients, count, Grain.MONTH,
        rows=facts.booked, parts=(facts.active_patients,), other=facts.missed,
    ),
    Metric(
        "screening.volume",
        "Screenings",
        "screenings",
        "Screenings that were made, answered or not, of patients and anonymous.",
        "screening", "screenings", BY_LABORATORY, facts.screenings, count,
    ),
    Metric(
        "screening.yield",
        "Screening yield",
        "share",
        "Screenings after which a B12 result of the same patient was below 200 pg/mL, as a share of all that were "
        "made, by the time of the screening. It grows as results come in.",
        "screening", "screenings", BY_LABORATORY, facts.found, share,
        rows=facts.screenings, parts=(facts.found,),
    ),
    Metric(
        "screening.abstention_rate",
        "Abstention rate",
        "share",
        "Screenings that gave reasons instead of an answer, as a share of all that were made.",
        "screening", "screenings", BY_LABORATORY, facts.abstentions, share,
        rows=facts.screenings, parts=(facts.abstentions,),
    ),
    Metric(
        "screening.override_rate",
        "Override rate",
        "share",
        "Screenings that somebody who treats has overridden, as a share of those accepted or overridden, by the time "
        "of the screening.",
        "screening", "screenings", BY_LABORATORY, facts.overrides, share,
        rows=facts.screenings, parts=(facts.abstentions, facts.overrides),
    ),
)  # fmt: skip
METRICS = {metric.name: metric for metric in TABLE}


def as_markdown() -> str:
    """The table for the documentation."""
    rows = [
        f"| `{each.name}` | {each.unit} | {each.grain} | {', '.join(each.groups)} | {each.owner} | {each.version} |"
        f" {each.definition} |"
        for each in TABLE
    ]
    heads = "| metric | unit | shortest period | told apart by | counted by | version | definition |"
    return "\n".join([heads, "|---|---|---|---|---|---|---|", *rows]) + "\n"
