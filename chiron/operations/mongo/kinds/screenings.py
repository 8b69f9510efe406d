"""Screenings of version 1 stay what they were: history under the label of its model, which nobody here has."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chiron.kernel.access import Caller
from chiron.operations.mongo.ids import id_of
from chiron.operations.mongo.plans import Context, Plan, Told
from chiron.operations.mongo.reading import Reader
from chiron.operations.mongo.reasons import Reason, Unfit
from chiron.screening.public import ScreeningArrival, admit_screenings, settled_screenings

LABEL = "version-1"
PROBABILITIES = ("p_normal", "p_borderline", "p_deficient")
OLDEST = 150


class Screenings:
    """The blood count and all else that was said is kept beside, sealed; nothing is computed from it."""

    name = "screenings"

    def plan(self, reader: Reader, context: Context, organization_id: UUID) -> Plan:
        result_class = reader.choice("result_class", "Screening.result_class", context.mapping.results)
        if result_class is None:
            raise Unfit(Reason.MISSING, f"/{reader.field('result_class')}")
        patient_id = context.refer(reader, "patient", "patients", organization_id, "Screening.patient")
        laboratory_id = context.refer(reader, "laboratory", "laboratories", organization_id, "Screening.laboratory")
        arrival = ScreeningArrival(
            id=id_of(context.database, self.name, reader.document["_id"]),
            label=LABEL,
            patient_id=patient_id,
            laboratory_id=laboratory_id,
            made_by=context.known(reader, "user", "users", organization_id),
            made_at=context.made_at(reader, "Screening.made_at"),
            result_class=result_class,
            probabilities=_probabilities(reader),
            sex=reader.choice("sex", "Screening.sex", context.mapping.sexes) or "",
            age=_age(reader),
        )
        return Plan(organization_id=organization_id, arrival=arrival, told=_told(arrival), patient_id=patient_id)

    def admit(self, by: Caller, plans: Sequence[Plan], now: datetime) -> set[UUID]:
        admit_screenings(by=by, arrivals=[plan.arrival for plan in plans], now=now)
        return set()

    def settled(self, organization_id: UUID, plans: Sequence[Plan]) -> dict[UUID, tuple[Told, bool]]:
        found = settled_screenings([plan.id for plan in plans])
        return {each: (_told(arrival), changed) for each, (arrival, changed) in found.items()}


def _probabilities(reader: Reader) -> tuple[float, float, float] | None:
    """All three, each a share of one, or none of them."""
    found = [reader.number(name, f"Screening.{name}") for name in PROBABILITIES]
    if found == [None] * 3:
        return None
    for name, share in zip(PROBABILITIES, found, strict=True):
        if share is None:
            raise Unfit(Reason.MISSING, f"/{reader.field(name)}")
        if not 0 <= share <= 1:
            raise Unfit(Reason.UNKNOWN_VALUE, f"/{reader.field(name)}")
    return found[0], found[1], found[2]  # type: ignore[return-value]


def _age(reader: Reader) -> int | None:
    age = reader.number("age", "Screening.age")
    if age is None:
        return None
    if not (age.is_integer() and 0 <= age <= OLDEST):
        raise Unfit(Reason.UNKNOWN_VALUE, f"/{reader.field('age')}")
    return int(age)


def _told(said: ScreeningArrival) -> Told:
    told = {
        "Screening.patient": str(said.patient_id or ""),
        "Screening.laboratory": str(said.laboratory_id or ""),
        "Screening.made_by": str(said.made_by or ""),
        "Screening.made_at": said.made_at.isoformat(),
        "Screening.result_class": str(said.result_class),
        "Screening.sex": str(said.sex),
        "Screening.age": "" if said.age is None else repr(float(said.age)),
    }
    told |= {f"Screening.{name}": repr(p) for name, p in zip(PROBABILITIES, said.probabilities or (), strict=False)}
    return {location: text for location, text in told.items() if text}
