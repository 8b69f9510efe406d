"""The demo organization: its users, and a clinic of made-up patients."""

from dataclasses import dataclass
from datetime import datetime

from chiron.identity.public import (
    Account,
    Membership,
    Role,
    create_operator,
    create_organization,
    link_patient,
    remove_organization,
)
from chiron.kernel.access import Caller, Scope
from chiron.kernel.ids import NIL
from chiron.registry.public import Person, assign, create_provider, patients_within
from chiron.tenancy.public import Organization, inside

SLUG, PASSWORD = "demo", "Demo@2024"
USERS = {
    "admin_demo": [Role.ADMIN],
    "doctor_demo": [Role.DOCTOR],
    "lab_demo": [Role.LAB],
    "patient_demo": [Role.PATIENT],
    "reception_demo": [Role.RECEPTIONIST],
    "privacy_demo": [Role.PRIVACY_OFFICER],
}
OPERATOR = "operator_demo"
SYSTEM = Caller(operator=True)


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo organization and the caller that fills it."""

    organization: Organization
    admin: Caller


def have_demo(now: datetime) -> Demo:
    """The demo organization with its users; made where it is missing, otherwise left alone."""
    organization = Organization.objects.filter(slug=SLUG).first()
    if organization is None:
        organization = create_organization(by=SYSTEM, slug=SLUG, name="Demo Clinic", time_zone="Europe/Berlin")
    admin = Caller(organization_id=organization.id, roles=frozenset({Role.ADMIN}))
    for username, roles in USERS.items():
        _have_user(organization, admin, username, roles, now)
    if Account.objects.filter(username=OPERATOR).first() is None:
        create_operator(by=SYSTEM, username=OPERATOR, password=PASSWORD, now=now)
    return Demo(organization, admin)


def give_patients(demo: Demo, now: datetime) -> None:
    """Have the demo doctor care for the first eighteen patients, and let the demo patient be the first of them.

    Of twenty that leaves two for whom the glass must be broken.
    """
    doctor = Membership.objects.get(account__username="doctor_demo", organization=demo.organization)
    reached = Caller(
        organization_id=demo.organization.id, roles=frozenset({Role.DOCTOR}), provider_id=doctor.provider_id
    )
    with inside(demo.organization.id):
        cared_for = set(patients_within(reached, Scope.ASSIGNED).values_list("id", flat=True))
        patient_ids = list(
            patients_within(demo.admin, Scope.ORGANIZATION).order_by("id").values_list("id", flat=True)[:18]
        )
        for patient_id in patient_ids:
            if patient_id not in cared_for:
                assign(by=demo.admin, patient_id=patient_id, provider_id=doctor.provider_id or NIL, now=now)
    unlinked = Membership.objects.filter(account__username="patient_demo", patient_id=None).first()
    if unlinked is not None and patient_ids:
        link_patient(by=demo.admin, account_id=unlinked.account_id, patient_id=patient_ids[0], now=now)


def remove_demo() -> None:
    """Remove the demo organization with everything in it, its users and their accounts; nothing where there is none."""
    organization = Organization.objects.filter(slug=SLUG).first()
    if organization is not None:
        remove_organization(by=SYSTEM, organization_id=organization.id)


def _have_user(organization: Organization, admin: Caller, username: str, roles: list[Role], now: datetime) -> None:
    account = Account.objects.filter(username=username).first()
    if account is None:
        account = Account(username=username)
        account.set_password(PASSWORD)
        account.save(force_insert=True)
    if Membership.objects.filter(account=account, organization=organization).exists():
        return
    membership = Membership(account=account, organization=organization, roles=list(roles), approved_at=now)
    if Role.DOCTOR in roles:
        with inside(organization.id):
            person = Person(family="Demo", given=["Dora"], prefix="Dr")
            doctor = create_provider(
                by=admin, person=person, role="doctor", specialty="general practice", active=True, now=now
            )
        membership.provider_id = doctor.id
    membership.save(force_insert=True)
