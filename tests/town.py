"""A small town: two clinics, each with somebody of every role, made once and committed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.test import Client

from chiron.identity.public import Account, Membership, Role, Session, begin, create_organization, remove_organization
from chiron.identity.revocations import revocations
from chiron.identity.tokens import issue
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.ids import NIL, new_id
from chiron.registry.public import Entry, Person, assign, create_patient, create_provider
from chiron.tenancy.public import Organization, inside
from chiron.vault import keyring
from chiron.vault.keyring import Keyring, keyring_of

OPERATOR = Caller(operator=True)
PASSWORD = "a town of long sentences"


@dataclass
class Clinic:
    """An organization and its people: ``who[Role.DOCTOR]`` is a caller, ``tokens`` their access tokens."""

    organization: Organization
    who: dict[Role, Caller] = field(default_factory=dict)
    tokens: dict[Role, str] = field(default_factory=dict)
    sessions: dict[Role, Session] = field(default_factory=dict)
    renewed_at: datetime = field(default_factory=now)
    patient_id: UUID = NIL
    other_patient_id: UUID = NIL
    doctor_id: UUID = NIL
    other_doctor_id: UUID = NIL
    ward_id: UUID = NIL

    @property
    def id(self) -> UUID:
        """The organization's id."""
        return self.organization.id

    def client(self, role: Role) -> Client:
        """A client signed in with that role."""
        return Client(headers={"authorization": f"Bearer {self.tokens[role]}"})

    def desk(self, role: Role) -> Client:
        """A browser in which somebody with that role signed in to the administration, if it let them in."""
        browser = Client()
        name = Account.objects.get(id=self.who[role].account_id or NIL).username
        browser.post("/admin/login/", {"username": name, "password": PASSWORD, "next": "/admin/"})
        return browser


@dataclass
class Town:
    """Both clinics, and the platform's operator."""

    hilltop: Clinic
    riverside: Clinic


BUILT: dict[str, Town] = {}
OPENED: dict[UUID, Keyring] = {}
"""What a process remembers of the town's keys, whatever an earlier test made it forget."""


def build_town() -> Town:
    """Make the town; once for each process."""
    BUILT["town"] = Town(make_clinic("hilltop"), make_clinic("riverside"))
    remember_keys()
    return BUILT["town"]


def remember_keys() -> None:
    """Have every later test begin with the town's keys as they are now; for one that turned a key of theirs."""
    OPENED.update({each: keyring_of(each) for each in (NIL, BUILT["town"].hilltop.id, BUILT["town"].riverside.id)})


def the_town() -> Town:
    """The town that was made, with fresh access tokens; what an earlier test took back was rolled back with it."""
    town = BUILT["town"]
    keyring._remembered.update(OPENED)
    for clinic in (town.hilltop, town.riverside):
        if now() - clinic.renewed_at > timedelta(minutes=2):
            renew_tokens(clinic)
    revocations.take_effect()
    return town


def make_organization(slug: str | None) -> Organization:
    """An organization with its key and schema, committed."""
    slug = slug or f"o{new_id().hex[:30]}"
    return create_organization(by=OPERATOR, slug=slug, name=slug.title(), time_zone="Europe/Berlin")


def drop_organization(organization: Organization) -> None:
    """Remove an organization with its schema, members and sessions; its events stay in the platform's trail."""
    remove_organization(by=OPERATOR, organization_id=organization.id)


def make_clinic(slug: str | None) -> Clinic:
    """A clinic: one account a role, a doctor with one assigned patient, and a patient nobody is assigned to."""
    clinic = Clinic(make_organization(slug))
    admin = Caller(organization_id=clinic.id, account_id=new_id(), roles=frozenset({Role.ADMIN}))
    with inside(clinic.id):
        doctor = create_provider(
            by=admin, person=Person(family="Osei", given=["Kwame"]), role="doctor", specialty="", active=True, now=now()
        )
        other = create_provider(
            by=admin,
            person=Person(family="Sarpong", given=["Efua"]),
            role="doctor",
            specialty="",
            active=True,
            now=now(),
        )
        patient = create_patient(by=admin, entry=Entry(person=Person(family="Mensah", given=["Kofi"])), now=now())
        stranger = create_patient(by=admin, entry=Entry(person=Person(family="Boateng", given=["Esi"])), now=now())
        assign(by=admin, patient_id=patient.id, provider_id=doctor.id, now=now())
    clinic.doctor_id, clinic.other_doctor_id = doctor.id, other.id
    clinic.patient_id, clinic.other_patient_id = patient.id, stranger.id
    for role in Role:
        add_person(clinic, role)
    return clinic


def add_person(clinic: Clinic, role: Role, **of: Any) -> Caller:
    """Somebody with that role, with an access token."""
    account = Account(username=f"{clinic.organization.slug}-{role.value.lower()}")
    account.set_password(PASSWORD)
    account.save(force_insert=True)
    own = {Role.DOCTOR: {"provider_id": clinic.doctor_id}, Role.PATIENT: {"patient_id": clinic.patient_id}}
    membership = Membership(
        account=account,
        organization=clinic.organization,
        roles=[role.value],
        approved_at=now(),
        **own.get(role, {}),
        **of,
    )
    membership.save(force_insert=True)
    caller = Caller(
        account_id=account.id, organization_id=clinic.id, roles=frozenset({role.value}), membership_id=membership.id,
        provider_id=membership.provider_id, patient_id=membership.patient_id,
    )  # fmt: skip
    clinic.who[role] = caller
    opened = begin(by=caller, account=account, membership=membership, mfa_at=now(), now=now())
    clinic.sessions[role], clinic.tokens[role] = Session.objects.get(id=opened.session_id), opened.access
    return caller


def renew_tokens(clinic: Clinic) -> None:
    """New access tokens for all, since they live for five minutes only, as does the second factor shown with them.

    They are of the sessions that were committed with the town: one begun now would be rolled back with the test.
    """
    clinic.renewed_at = now()
    for role, caller in clinic.who.items():
        membership = Membership.objects.select_related("account").get(id=caller.membership_id or NIL)
        clinic.sessions[role].mfa_at = clinic.renewed_at
        clinic.tokens[role] = issue(clinic.sessions[role], membership.account, membership, clinic.renewed_at)
