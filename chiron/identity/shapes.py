"""What identity's operations take and show."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator

from chiron.identity.cookies import csrf_token
from chiron.identity.email import email_of
from chiron.identity.hooks import Person
from chiron.identity.models import Account, Membership, Session
from chiron.identity.roles import Role, in_order
from chiron.identity.rules import DOMAIN, EMAIL, USERNAME
from chiron.identity.services.sign_in import SignedIn
from chiron.kernel.errors import invalid
from chiron.kernel.schemas import Body, Word
from chiron.tenancy.public import Organization, Policies
from chiron.vault.public import platform_safe

Username = Annotated[str, StringConstraints(pattern=USERNAME, max_length=100)]
Email = Annotated[str, StringConstraints(pattern=EMAIL, max_length=254)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$", max_length=40)]
Host = Annotated[str, StringConstraints(pattern=DOMAIN, max_length=253, to_lower=True)]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*$", max_length=35)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]


class Registration(Body):
    username: Username = Field(examples=["ama.owusu"])
    email: Email = Field(examples=["ama@example.org"])
    password: Password = Field(examples=["a sentence of your own"])
    role: Literal["PATIENT", "DOCTOR"]
    first_name: Short = ""
    last_name: Short = ""
    birth_date: Short = Field("", examples=["1980-05-17", "1980-05", "1980"])
    organization: Slug | None = Field(None, description="Its slug. Not needed where there is only one.")

    def person(self) -> Person:
        return Person(self.first_name, self.last_name, self.birth_date)


class Credentials(Body):
    username: Short | None = Field(None, examples=["doctor_demo"])
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    password: Password = Field(examples=["Demo@2024"])
    organization: Slug | None = Field(None, examples=["demo"])

    @model_validator(mode="after")
    def names_somebody(self) -> Self:
        if not self.name:
            raise ValueError("username or email is required")
        return self

    @property
    def name(self) -> str:
        return self.username or self.email or ""


class RefreshToken(Body):
    refresh: Annotated[str, StringConstraints(max_length=200)] = Field(
        examples=["AZnL9xY2c0y1..."], description="The refresh token of the last answer; it works once."
    )


def refresh_token_of(body: RefreshToken | None) -> str:
    """The token that was sent. Raises Invalid where there was none."""
    if body is None:
        raise invalid("is required", "body", "refresh")
    return body.refresh


class PasswordChange(Body):
    old_password: Annotated[str, StringConstraints(max_length=128)] = Field("", description="The one until now.")
    password: Password = Field(examples=["another sentence of your own"])


class AboutMe(Body):
    email: Email | None = None
    password: Password | None = Field(None, description="Yours, once more; needed with another address.")
    first_name: Short | None = None
    last_name: Short | None = None
    birth_date: Short | None = Field(None, examples=["1980-05-17", "1980-05", "1980"])
    locale: Locale | None = Field(None, examples=["fr"], description="In which you are written to (BCP 47).")

    def person(self) -> Person | None:
        said = (self.first_name, self.last_name, self.birth_date)
        return None if said == (None, None, None) else Person(*(each or "" for each in said))


class NewMembership(Body):
    username: Username = Field(examples=["abena.adjei"])
    email: Email
    password: Password | None = Field(None, description="Makes a new account; without it, the account must exist.")
    roles: list[Role] = Field(min_length=1, max_length=8)


class MembershipChanges(Body):
    roles: list[Role] | None = Field(None, min_length=1, max_length=8, examples=[["LAB", "RECEPTIONIST"]])
    approved: bool | None = Field(None, description="Approving a doctor makes a provider of what the doctor claimed.")


class NewOrganization(Body):
    slug: Slug = Field(examples=["hilltop"])
    name: Word = Field(examples=["Hilltop Clinic"])
    time_zone: Short = Field("UTC", examples=["Africa/Accra"])
    locale: Locale = "en"
    domains: list[Host] = Field(default=[], max_length=20)


class PolicyChanges(Body):
    patients_register: bool | None = Field(None, description="May patients make their own account?")
    doctors_register: bool | None = Field(None, description="May doctors, who then wait for approval?")
    break_glass_minutes: int | None = Field(None, ge=5, le=1440, examples=[60])
    mfa_required_roles: list[Role] | None = Field(None, max_length=8, description="Who needs a second factor.")
    mfa_from: date | None = Field(
        None, description="From which day on; until then they are free to enrol. Null: at once."
    )
    exports_step_up: bool | None = Field(None, description="Is the second factor shown again for an export?")


class OrganizationChanges(Body):
    name: Word | None = Field(None, examples=["Hilltop Clinics"])
    time_zone: Short | None = None
    locale: Locale | None = None
    domains: list[Host] | None = Field(None, max_length=20)
    policies: PolicyChanges | None = None
    suspended: bool | None = Field(None, description="Suspended, it answers nobody and keeps its data.")

    def said(self) -> dict[str, Any]:
        """What is to be changed beside the suspension: a null says nothing, but for the day that it takes away."""
        said = self.model_dump(exclude_none=True, exclude={"suspended"})
        if self.policies and "mfa_from" in self.policies.model_fields_set:
            said["policies"]["mfa_from"] = self.policies.mfa_from
        return said


class OrganizationRef(BaseModel):
    id: UUID
    slug: str
    name: str


class OrganizationOut(OrganizationRef):
    time_zone: str
    locale: str
    domains: list[str]
    policies: Policies
    suspended: bool

    @classmethod
    def of(cls, organization: Organization) -> Self:
        return cls(
            id=organization.id,
            slug=organization.slug,
            name=organization.name,
            time_zone=organization.time_zone,
            locale=organization.locale,
            domains=organization.domains,
            policies=Policies.stored(organization.policies),
            suspended=organization.suspended_at is not None,
        )


class UserOut(BaseModel):
    """An account, seen through one membership; the platform operator has none."""

    id: UUID
    username: str
    email: str | None
    email_verified: bool
    locale: str | None
    roles: list[str]
    approved: bool
    operator: bool
    organization: OrganizationRef | None
    provider_id: UUID | None
    patient_id: UUID | None

    @classmethod
    def of(cls, account: Account, membership: Membership | None) -> Self:
        organization = membership.organization if membership else None
        return cls(
            id=account.id,
            username=account.username,
            email=email_of(account),
            email_verified=account.email_verified_at is not None,
            locale=account.locale,
            roles=in_order(membership.roles) if membership else [],
            approved=membership.approved_at is not None if membership else True,
            operator=account.is_operator and membership is None,
            organization=OrganizationRef(id=organization.id, slug=organization.slug, name=organization.name)
            if organization
            else None,
            provider_id=membership.provider_id if membership else None,
            patient_id=membership.patient_id if membership else None,
        )


class MembershipOut(BaseModel):
    id: UUID
    user: UserOut
    roles: list[str]
    approved: bool
    approved_at: datetime | None

    @classmethod
    def of(cls, membership: Membership) -> Self:
        return cls(
            id=membership.id,
            user=UserOut.of(membership.account, membership),
            roles=in_order(membership.roles),
            approved=membership.approved_at is not None,
            approved_at=membership.approved_at,
        )


class SessionOut(BaseModel):
    id: UUID
    device: str
    address: str
    organization_id: UUID | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool

    @classmethod
    def of(cls, session: Session, current: UUID | None) -> Self:
        origin = platform_safe().open(session, "origin")
        return cls(
            id=session.id,
            device=origin["device"],
            address=origin["address"],
            organization_id=session.organization_id,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
            current=session.id == current,
        )


class Tokens(BaseModel):
    access: str
    refresh: str

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        return cls(access=signed_in.access, refresh=signed_in.refresh)


class SignInOut(Tokens):
    user: UserOut

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        user = UserOut.of(signed_in.account, signed_in.membership)
        return cls(access=signed_in.access, refresh=signed_in.refresh, user=user)


class Registered(BaseModel):
    user: UserOut
    tokens: Tokens

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        user = UserOut.of(signed_in.account, signed_in.membership)
        return cls(user=user, tokens=Tokens.of(signed_in))


class MfaRequired(BaseModel):
    """The password was right; now send `mfa_token` with a code."""

    mfa_required: Literal[True] = True
    mfa_token: str


class CsrfToken(BaseModel):
    csrf_token: str


class InBrowser(BaseModel):
    """What a script may know of a session in cookies."""

    csrf_token: str
    user: UserOut

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        user = UserOut.of(signed_in.account, signed_in.membership)
        return cls(csrf_token=csrf_token(signed_in.session_id), user=user)


class UserEnvelope(BaseModel):
    user: UserOut


class DoctorList(BaseModel):
    doctors: list[UserOut]
    next: str | None


class PatientList(BaseModel):
    patients: list[UserOut]
    next: str | None


class SessionList(BaseModel):
    sessions: list[SessionOut]
    next: str | None


class MembershipEnvelope(BaseModel):
    membership: MembershipOut


class MembershipList(BaseModel):
    memberships: list[MembershipOut]
    next: str | None


class OrganizationEnvelope(BaseModel):
    organization: OrganizationOut


class OrganizationList(BaseModel):
    organizations: list[OrganizationOut]
    next: str | None
