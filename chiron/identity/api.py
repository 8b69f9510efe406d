"""Sign-in, users, memberships, organizations."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from chiron.identity import queries
from chiron.identity.authentication import origin_of
from chiron.identity.hooks import Person
from chiron.identity.roles import Role
from chiron.identity.services import accounts, memberships, organizations, sign_in
from chiron.identity.shapes import (
    Doctors,
    LoginIn,
    LoginOut,
    MeIn,
    MembershipEnvelope,
    MembershipIn,
    MembershipPatch,
    Memberships,
    OrganizationEnvelope,
    OrganizationIn,
    OrganizationPatch,
    Organizations,
    Patients,
    RefreshIn,
    RegisterIn,
    RegisterOut,
    Sessions,
    Tokens,
    UserEnvelope,
    login_out,
    membership_out,
    organization_out,
    session_out,
    user_out,
)
from chiron.kernel import clock
from chiron.kernel.access import Call, creates_account, needs, open_to_all
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import created, etag, if_match

router = Router()


@router.post("/auth/register", tags=["sign-in"], response={201: RegisterOut, **refusals(409)})
@open_to_all("Somebody without an account makes one.")
def register(request: HttpRequest, body: RegisterIn) -> Status[RegisterOut]:
    """Make an account: a patient's claim is confirmed by staff, a doctor is approved by an admin."""
    by, now = origin_of(request), clock.now()
    organization = queries.organization_to_join(request, body.organization)
    person = Person(body.first_name, body.last_name, body.birth_date)
    membership = accounts.register(
        by=by, organization=organization, username=body.username, email=body.email, password=body.password,
        role=Role(body.role), person=person, now=now,
    )  # fmt: skip
    opened = sign_in.begin(by=by, account=membership.account, membership=membership, now=now)
    tokens = Tokens(access=opened.access, refresh=opened.refresh)
    return Status(201, RegisterOut(user=user_out(membership.account, membership), tokens=tokens))


@router.post("/auth/login", tags=["sign-in"], response={200: LoginOut, **refusals(401, 403)})
@open_to_all("Signing in is how one stops being anonymous.")
def login(request: HttpRequest, body: LoginIn) -> LoginOut:
    """Sign in with user name or e-mail address and password."""
    organization = queries.named_organization(request, body.organization)
    name = body.username or body.email or ""
    by = origin_of(request)
    return login_out(
        sign_in.sign_in(by=by, name=name, password=body.password, organization=organization, now=clock.now())
    )


@router.post("/auth/refresh", tags=["sign-in"], response={200: LoginOut, **refusals(401, 403)})
@open_to_all("The refresh token is the proof.")
def refresh(request: HttpRequest, body: RefreshIn) -> LoginOut:
    """Exchange a refresh token, once, for new tokens."""
    return login_out(sign_in.refresh(token=body.refresh, now=clock.now()))


@router.post("/auth/logout", tags=["sign-in"], response={204: None})
@needs("sessions", "delete")
def logout(request: Call) -> Status[None]:
    """End this session."""
    sign_in.sign_out(by=request.caller, now=clock.now())
    return Status(204, None)


@router.post("/auth/logout-all", tags=["sign-in"], response={204: None})
@needs("sessions", "delete")
def logout_all(request: Call) -> Status[None]:
    """End all sessions of this account."""
    sign_in.sign_out_everywhere(by=request.caller, now=clock.now())
    return Status(204, None)


@router.get("/auth/sessions", tags=["sign-in"], response=Sessions)
@needs("sessions", "read")
def sessions(request: Call) -> Sessions:
    """My live sessions, the newest first."""
    live = queries.live_sessions(request.caller, clock.now())
    return Sessions(sessions=[session_out(each, request.caller.session_id) for each in live])


@router.delete("/auth/sessions/{uuid:session_id}", tags=["sign-in"], response={204: None, **refusals(404)})
@needs("sessions", "delete")
def revoke_session(request: Call, session_id: UUID) -> Status[None]:
    """End one of my sessions."""
    sign_in.revoke_session(by=request.caller, session_id=session_id, now=clock.now())
    return Status(204, None)


@router.get("/users/me", tags=["users"], response=UserEnvelope)
@needs("account", "read")
def read_me(request: Call) -> UserEnvelope:
    """My account."""
    return UserEnvelope(user=user_out(*queries.me(request.caller)))


@router.put("/users/me", tags=["users"], response={200: UserEnvelope, **refusals(409)})
@needs("account", "update")
def change_me(request: Call, body: MeIn) -> UserEnvelope:
    """Change my address; as long as nobody confirmed who I am, say it again."""
    account, membership = queries.me(request.caller)
    if body.email is not None:
        accounts.change_email(by=request.caller, email=body.email)
    if membership is not None and body.last_name:
        person = Person(body.first_name, body.last_name, body.birth_date)
        accounts.claim(by=request.caller, membership=membership, person=person)
    return UserEnvelope(user=user_out(*queries.me(request.caller)))


@router.get("/users/doctors", tags=["users"], response=Doctors)
@needs("users", "read")
def doctors(request: Call, page: Query[PageQuery]) -> Doctors:
    """Accounts of this organization that are doctors, or want to be."""
    found = queries.memberships(request.caller, page, Role.DOCTOR)
    return Doctors(doctors=[user_out(each.account, each) for each in found.rows], next=found.next)


@router.get("/users/patients", tags=["users"], response=Patients)
@needs("users", "read")
def patients(request: Call, page: Query[PageQuery]) -> Patients:
    """Accounts of this organization that are patients."""
    found = queries.memberships(request.caller, page, Role.PATIENT)
    return Patients(patients=[user_out(each.account, each) for each in found.rows], next=found.next)


@router.get("/memberships", tags=["memberships"], response=Memberships)
@needs("memberships", "read")
def list_memberships(request: Call, page: Query[PageQuery]) -> Memberships:
    """The members of this organization."""
    found = queries.memberships(request.caller, page)
    return Memberships(memberships=[membership_out(each) for each in found.rows], next=found.next)


@router.post("/memberships", tags=["memberships"], response={201: MembershipEnvelope, **refusals(404, 409)})
@needs("memberships", "create")
@creates_account
def create_membership(request: Call, response: HttpResponse, body: MembershipIn) -> Status[MembershipEnvelope]:
    """Make an account a member: an existing one by its user name, or a new one with a password."""
    account = memberships.account_for(body.username, body.email, body.password)
    made = memberships.add_membership(
        by=request.caller, account=account, roles=[role.value for role in body.roles], now=clock.now()
    )
    envelope = MembershipEnvelope(membership=membership_out(made))
    return created(response, f"/api/memberships/{made.id}", envelope, made.version)


@router.patch(
    "/memberships/{uuid:membership_id}", tags=["memberships"],
    response={200: MembershipEnvelope, **refusals(404, 409, 412)},
)  # fmt: skip
@needs("memberships", "update")
def change_membership(
    request: Call, response: HttpResponse, membership_id: UUID, body: MembershipPatch
) -> MembershipEnvelope:
    """Change roles, or approve."""
    changed = memberships.change_membership(
        by=request.caller, membership_id=membership_id,
        roles=None if body.roles is None else [role.value for role in body.roles],
        approved=body.approved, if_match=if_match(request), now=clock.now(),
    )  # fmt: skip
    etag(response, changed.version)
    return MembershipEnvelope(membership=membership_out(changed))


@router.delete("/memberships/{uuid:membership_id}", tags=["memberships"], response={204: None, **refusals(404, 409)})
@needs("memberships", "delete")
def end_membership(request: Call, membership_id: UUID) -> Status[None]:
    """Take all roles away."""
    memberships.end_membership(by=request.caller, membership_id=membership_id, now=clock.now())
    return Status(204, None)


@router.get("/organizations", tags=["organizations"], response=Organizations)
@needs("organizations", "read")
def list_organizations(request: Call, page: Query[PageQuery]) -> Organizations:
    """All organizations of this platform."""
    found = queries.organizations(page)
    return Organizations(organizations=[organization_out(each) for each in found.rows], next=found.next)


@router.post("/organizations", tags=["organizations"], response={201: OrganizationEnvelope, **refusals(409)})
@needs("organizations", "create")
@creates_account
def create_organization(request: Call, response: HttpResponse, body: OrganizationIn) -> Status[OrganizationEnvelope]:
    """Open an organization."""
    made = organizations.create_organization(by=request.caller, **body.model_dump())
    envelope = OrganizationEnvelope(organization=organization_out(made))
    return created(response, f"/api/organizations/{made.id}", envelope, made.version)


@router.get(
    "/organizations/{uuid:organization_id}", tags=["organizations"],
    response={200: OrganizationEnvelope, **refusals(404)},
)  # fmt: skip
@needs("organizations", "read")
def read_organization(request: Call, response: HttpResponse, organization_id: UUID) -> OrganizationEnvelope:
    """One organization."""
    found = queries.organization(organization_id)
    etag(response, found.version)
    return OrganizationEnvelope(organization=organization_out(found))


@router.patch(
    "/organizations/{uuid:organization_id}", tags=["organizations"],
    response={200: OrganizationEnvelope, **refusals(404, 412)},
)  # fmt: skip
@needs("organizations", "update")
def change_organization(
    request: Call, response: HttpResponse, organization_id: UUID, body: OrganizationPatch
) -> OrganizationEnvelope:
    """Change an organization; suspended, it answers nobody and keeps its data."""
    changes = body.model_dump(exclude_none=True, exclude={"suspended"})
    changed = organizations.change_organization(
        by=request.caller, organization_id=organization_id, changes=changes, suspended=body.suspended,
        if_match=if_match(request), now=clock.now(),
    )  # fmt: skip
    etag(response, changed.version)
    return OrganizationEnvelope(organization=organization_out(changed))
