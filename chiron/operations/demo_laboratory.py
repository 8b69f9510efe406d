"""The laboratory of the demo clinic: what it was sent, and what it found."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle
from typing import NamedTuple
from uuid import UUID

from chiron.identity.public import Membership, Role
from chiron.kernel.access import Caller, Scope
from chiron.laboratory.public import (
    Found,
    ReportSaid,
    Specimen,
    SpecimenSaid,
    create_report,
    register_specimen,
    reject_specimen,
    release_report,
)
from chiron.operations.demo import Demo
from chiron.records.public import Code
from chiron.registry.public import (
    Laboratory,
    add_staff,
    laboratories_of,
    patients_within,
    save_laboratory,
)
from chiron.tenancy.public import inside

LABORATORIES = {"central": "Central laboratory", "harbour": "Laboratory at the harbour"}
TECHNICIAN, WORKPLACE = "lab_demo", "central"
BLOOD = Code("http://snomed.info/sct", "119297000", "Blood specimen")


class Count(NamedTuple):
    """The part of a blood count from which the rest of it follows."""

    rbc: str
    mcv: str
    mchc: str
    rdw: str
    wbc: str
    platelets: str


class Sent(NamedTuple):
    """A specimen: how many days ago it was collected, what was counted, and how far it has come."""

    days_ago: int
    counted: Count | None = None
    released: bool = False
    rejected: str = ""
    received: bool = True


USUAL = Count("4.61", "89.6", "33.4", "13.1", "6.2", "248")
LARGE_CELLS = Count("3.71", "108.2", "34.4", "16.9", "4.2", "143")
SMALL_CELLS = Count("4.35", "74.2", "31.2", "17.4", "7.8", "412")
SPECIMENS = (
    Sent(21, USUAL, released=True),
    Sent(14, LARGE_CELLS, released=True),
    Sent(9, SMALL_CELLS, released=True),
    Sent(6, rejected="Clotted"),
    Sent(3, Count("5.10", "91.3", "34.0", "12.8", "7.1", "231"), released=True),
    Sent(1, Count("4.02", "101.5", "33.9", "14.8", "5.1", "196")),
    Sent(1),
    Sent(0, received=False),
)


def give_laboratories(demo: Demo, now: datetime) -> None:
    """Two laboratories, at the first of which the demo technician works on a few specimens; what is there stays."""
    with inside(demo.organization.id):
        own = {code: _have_laboratory(demo, code, name, now) for code, name in LABORATORIES.items()}[WORKPLACE]
        technician = technician_of(demo)
        if own not in laboratories_of(technician) and technician.account_id:
            add_staff(by=demo.admin, laboratory_id=own, account_id=technician.account_id, now=now)
        patients = list(patients_within(demo.admin, Scope.ORGANIZATION).order_by("id").values_list("id", flat=True))
        if patients and not Specimen.objects.exists():
            for number, (sent, patient_id) in enumerate(zip(SPECIMENS, cycle(patients), strict=False), 1):
                _send(technician, _said(own, patient_id, f"{now:%y}-{number:06}", sent, now), sent, now)


def found_in(count: Count) -> list[Found]:
    """A blood count whose lines fit together, as a laboratory reports it."""
    rbc, mcv, mchc = Decimal(count.rbc), Decimal(count.mcv), Decimal(count.mchc)
    hematocrit = _rounded(rbc * mcv / 10)
    hemoglobin = _rounded(hematocrit * mchc / 100)
    lines = [
        ("718-7", "Hemoglobin", hemoglobin, "g/dL", "12.0", "17.0"),
        ("4544-3", "Hematocrit", hematocrit, "%", "36", "50"),
        ("789-8", "Erythrocytes", rbc, "10*6/uL", "3.9", "5.7"),
        ("787-2", "MCV", mcv, "fL", "80", "100"),
        ("785-6", "MCH", _rounded(10 * hemoglobin / rbc), "pg", "27", "34"),
        ("786-4", "MCHC", mchc, "g/dL", "32", "36"),
        ("788-0", "RDW", Decimal(count.rdw), "%", "11.5", "15.0"),
        ("6690-2", "Leukocytes", Decimal(count.wbc), "10*3/uL", "4.0", "10.5"),
        ("777-3", "Platelets", Decimal(count.platelets), "10*3/uL", "150", "400"),
    ]
    return [
        Found(code=code, name=name, value=value, unit=unit, low=Decimal(low), high=Decimal(high))
        for code, name, value, unit, low, high in lines
    ]


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"))


def _have_laboratory(demo: Demo, code: str, name: str, now: datetime) -> UUID:
    known = Laboratory.objects.filter(code=code).first()
    made = known or save_laboratory(
        by=demo.admin, laboratory_id=None, name=name, code=code, active=True, if_match=None, now=now
    )
    return made.id


def technician_of(demo: Demo) -> Caller:
    """Who works there."""
    member = Membership.objects.get(account__username=TECHNICIAN, organization=demo.organization)
    return Caller(
        account_id=member.account_id, organization_id=demo.organization.id, roles=frozenset({Role.LAB}),
        membership_id=member.id,
    )  # fmt: skip


def _said(laboratory_id: UUID, patient_id: UUID, number: str, sent: Sent, now: datetime) -> SpecimenSaid:
    collected_at = now - timedelta(days=sent.days_ago, hours=2)
    return SpecimenSaid(
        laboratory_id=laboratory_id, patient_id=patient_id, number=number, kind=BLOOD, collected_at=collected_at,
        received_at=collected_at + timedelta(minutes=40) if sent.received else None,
    )  # fmt: skip


def _send(by: Caller, said: SpecimenSaid, sent: Sent, now: datetime) -> None:
    specimen = register_specimen(by=by, said=said, now=now)
    if sent.rejected:
        reject_specimen(by=by, specimen_id=specimen.id, reason=sent.rejected, if_match=None, now=now)
    if sent.counted:
        results = ReportSaid(found=found_in(sent.counted), resulted_at=said.collected_at + timedelta(minutes=90))
        report = create_report(by=by, specimen_id=specimen.id, said=results, now=now)
        if sent.released:
            release_report(by=by, report_id=report.id, if_match=None, now=now)
