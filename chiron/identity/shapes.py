"""What identity's endpoints take and give."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from chiron.identity.models import Account, Membership, Session
from chiron.identity.roles import Role
from chiron.identity.services.sign_in import SignedIn
from chiron.kernel.schemas import Body, Word
from chiron.tenancy.public import Organization
from chiron.vault.public import platform_safe

Username = Annotated[str, StringConstraints(pattern=r"^[\w.+-]{3,100}$", max_length=100)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Domain = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,253}$")]
Name = Annotated[str, StringConstraints(max_length=100)]


class RegisterIn(Body):
    username: Username = Field(examples=["ama.owusu"])
    email: Email = Field(examples=["ama@example.org"])
    password: Password = Field(examples=["a long sentence"])
    role: Literal["PATIENT", "DOCTOR"]
    first_name: Name = ""
    last_name: Name = ""
    birth_date: Name = ""
    organization: Slug | None = None


class LoginIn(Body):
    username: Name | None = Field(None, examples=["doctor_demo"])
    email: Email | None = None
    password: Password = Field(examples=["Demo@2024"])
    organization: Slug | None = Field(None, examples=["demo"])


class RefreshIn(Body):
    refresh: Annotated[str, StringConstraints(max_length=500)]


class MeIn(Body):
    email: Email | None = None
    first_name: Name = ""
    last_name: Name = ""
    birth_date: Name = ""


class MembershipIn(Body):
    username: Username
    email: Email | None = None
    password: Password | None = None
    roles: list[Role] = Field(min_length=1, max_length=8)


class MembershipPatch(Body):
    roles: list[Role] | None = Field(None, max_length=8)
    approved: bool | None = None


class OrganizationIn(Body):
    slug: Slug
    name: Word
    time_zone: Name = "UTC"
    locale: Name = "en"
    domains: list[Domain] = Field(default=[], max_length=20)


class OrganizationPatch(Body):
    name: Word | None = None
    time_zone: Name | None = None
    locale: Name | None = None
    domains: list[Domain] | None = Field(None, max_length=20)
    suspended: bool | None = None


class OrganizationRef(BaseModel):
    id: UUID
    slug: str
    name: str


class OrganizationOut(OrganizationRef):
    time_zone: str
    locale: str
    domains: list[str]
    suspended: bool


class UserOut(BaseModel):
    id: UUID
    username: str
    email: str
    roles: list[str]
    approved: bool
    operator: bool
    organization: OrganizationRef | None
    provider_id: UUID | None
    patient_id: UUID | None


class MembershipOut(BaseModel):
    id: UUID
    account_id: UUID
    username: str
    roles: list[str]
    approved: bool
    provider_id: UUID | None
    patient_id: UUID | None


class SessionOut(BaseModel):
    id: UUID
    device: str
    address: str
    created_at: datetime
    last_used_at: datetime
    current: bool


class Tokens(BaseModel):
    access: str
    refresh: str


class LoginOut(Tokens):
    user: UserOut


class RegisterOut(BaseModel):
    user: UserOut
    tokens: Tokens


class UserEnvelope(BaseModel):
    user: UserOut


class Doctors(BaseModel):
    doctors: list[UserOut]
    next: str | None


class Patients(BaseModel):
    patients: list[UserOut]
    next: str | None


class Sessions(BaseModel):
    sessions: list[SessionOut]
    next: str | None = None


class MembershipEnvelope(BaseModel):
    membership: MembershipOut


class Memberships(BaseModel):
    memberships: list[MembershipOut]
    next: str | None


class OrganizationEnvelope(BaseModel):
    organization: OrganizationOut


class Organizations(BaseModel):
    organizations: list[OrganizationOut]
    next: str | None


def user_out(account: Account, membership: Membership | None) -> UserOut:
    """The user object: an account seen through one membership."""
    organization = membership.organization if membership else None
    return UserOut(
        id=account.id,
        username=account.username,
        email=account.opened_email(),
        roles=sorted(membership.roles) if membership else [],
        approved=bool(membership and membership.approved_at),
        operator=account.is_operator,
        organization=OrganizationRef(id=organization.id, slug=organization.slug, name=organization.name)
        if organization
        else None,
        provider_id=membership.provider_id if membership else None,
        patient_id=membership.patient_id if membership else None,
    )


def login_out(signed_in: SignedIn) -> LoginOut:
    """The answer to a sign-in and to a refresh."""
    user = user_out(signed_in.account, signed_in.membership)
    return LoginOut(access=signed_in.access, refresh=signed_in.refresh, user=user)


def membership_out(membership: Membership) -> MembershipOut:
    """A membership with the user name of its account."""
    return MembershipOut(
        id=membership.id,
        account_id=membership.account_id,
        username=membership.account.username,
        roles=sorted(membership.roles),
        approved=bool(membership.approved_at),
        provider_id=membership.provider_id,
        patient_id=membership.patient_id,
    )


def organization_out(organization: Organization) -> OrganizationOut:
    """An organization as the platform operator sees it."""
    fields = ("id", "slug", "name", "time_zone", "locale", "domains")
    return OrganizationOut(
        **{name: getattr(organization, name) for name in fields}, suspended=organization.suspended_at is not None
    )


def session_out(session: Session, current: UUID | None) -> SessionOut:
    """A session as its owner sees it."""
    place = platform_safe().open(session, "place")
    return SessionOut(
        id=session.id,
        device=place["device"],
        address=place["address"],
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        current=session.id == current,
    )
