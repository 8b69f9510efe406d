"""Signing in, users, memberships and organizations, over HTTP; second factors are in `api_mfa`."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from chiron.identity import cookies, devices, queries, shapes
from chiron.identity.authentication import host_of, named_organization, visitor
from chiron.identity.challenges import Challenge
from chiron.identity.directory import Choice
from chiron.identity.roles import Role
from chiron.identity.services import accounts, memberships, organizations, password, sign_in
from chiron.kernel import clock
from chiron.kernel.access import Call, Proof, creates_account, limited, needs, open_to_all
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import created, etag, if_match

router = Router()
Shown = TypeVar("Shown")


def choice_of(request: HttpRequest, slug: str | None) -> Choice:
    return Choice(slug or named_organization(request), host_of(request))


def hand_over(
    request: HttpRequest,
    response: HttpResponse,
    opened: sign_in.SignedIn,
    shape: Callable[[sign_in.SignedIn], Shown],
    *,
    in_cookies: bool,
) -> Shown | shapes.InBrowser:
    """The tokens of a sign-in as they were asked for, and what makes this device a known one."""
    devices.make_known(request, response, opened.account, in_cookies=in_cookies)
    return in_browser(request, response, opened) if in_cookies else shape(opened)


def in_browser(request: HttpRequest, response: HttpResponse, opened: sign_in.SignedIn) -> shapes.InBrowser:
    """Tokens into cookies, and to the page what it may know."""
    cookies.keep(request, response, access=opened.access, refresh=opened.refresh)
    return shapes.InBrowser.of(opened)


@router.post(
    "/auth/register", tags=["auth"], response={201: shapes.Registered | shapes.InBrowser, **refusals(403, 409)}
)
@open_to_all("Whoever has no account makes one.")
@limited("register")
def register(
    request: HttpRequest, body: shapes.Registration, response: HttpResponse
) -> Status[shapes.Registered | shapes.InBrowser]:
    """Make an account: a patient's claim waits for staff to confirm it, a doctor for an admin's approval."""
    by, now, in_cookies = visitor(request), clock.now(), cookies.wants_cookies(request)
    said = body.model_dump(include={"username", "email", "password"})
    organization = queries.organization_to_join(choice_of(request, body.organization))
    membership = accounts.register(
        by=by, organization=organization, role=Role(body.role), person=body.person(), now=now, **said
    )
    opened = sign_in.begin(by=by, account=membership.account, membership=membership, now=now)
    return Status(201, hand_over(request, response, opened, shapes.Registered.of, in_cookies=in_cookies))


@router.post(
    "/auth/login",
    tags=["auth"],
    response={200: shapes.SignInOut | shapes.InBrowser | shapes.MfaRequired, **refusals(401, 403)},
)
@open_to_all("Signing in is how one is known.")
@limited("sign-in")
def login(
    request: HttpRequest, body: shapes.Credentials, response: HttpResponse
) -> shapes.SignInOut | shapes.InBrowser | shapes.MfaRequired:
    """Sign in with user name or e-mail address and password; with a second factor on, go on at `/auth/mfa/verify`."""
    in_cookies, choice = cookies.wants_cookies(request), choice_of(request, body.organization)
    by, device, now = visitor(request), devices.token_in(request), clock.now()
    opened = sign_in.sign_in(by=by, name=body.name, password=body.password, choice=choice, device=device, now=now)
    if isinstance(opened, Challenge):
        return shapes.MfaRequired(mfa_token=opened.mfa_token)
    return hand_over(request, response, opened, shapes.SignInOut.of, in_cookies=in_cookies)


@router.post("/auth/refresh", tags=["auth"], response={200: shapes.Tokens | shapes.InBrowser, **refusals(401, 403)})
@open_to_all("The refresh token says who asks.")
@limited("refresh")
def refresh(
    request: HttpRequest, response: HttpResponse, body: shapes.RefreshToken | None = None
) -> shapes.Tokens | shapes.InBrowser:
    """New tokens for a refresh token, which then has done its work: used again, it ends the session."""
    in_cookies = cookies.wants_cookies(request)
    token = cookies.refresh_token_in(request) if in_cookies else shapes.refresh_token_of(body)
    opened = sign_in.refresh(by=visitor(request), token=token, now=clock.now())
    return in_browser(request, response, opened) if in_cookies else shapes.Tokens.of(opened)


@router.get("/auth/csrf", tags=["auth"], response={200: shapes.CsrfToken})
@needs("sessions", "read", proof=Proof.ENROLLING)
def read_csrf_token(request: Call) -> shapes.CsrfToken:
    """What a page that signed in with cookies sends as `X-CSRF-Token` with every change."""
    return shapes.CsrfToken(csrf_token=cookies.csrf_token(request.caller.session_id))


@router.post("/auth/logout", tags=["auth"], response={204: None})
@needs("sessions", "delete", proof=Proof.ENROLLING)
def logout(request: Call, response: HttpResponse) -> Status[None]:
    """End this session."""
    sign_in.sign_out(by=request.caller, now=clock.now())
    cookies.discard(request, response)
    return Status(204, None)


@router.post("/auth/logout-all", tags=["auth"], response={204: None})
@needs("sessions", "delete")
def logout_all(request: Call, response: HttpResponse) -> Status[None]:
    """End all sessions of your account."""
    sign_in.sign_out_everywhere(by=request.caller, now=clock.now())
    cookies.discard(request, response)
    return Status(204, None)


@router.get("/auth/sessions", tags=["auth"], response={200: shapes.SessionList})
@needs("sessions", "read")
def list_sessions(request: Call, page: Query[PageQuery]) -> shapes.SessionList:
    """Where you are signed in, the latest first."""
    found = queries.own_sessions(request.caller, page, clock.now())
    shown = [shapes.SessionOut.of(session, request.caller.session_id) for session in found.rows]
    return shapes.SessionList(sessions=shown, next=found.next)


@router.delete("/auth/sessions/{uuid:session_id}", tags=["auth"], response={204: None, **refusals(404)})
@needs("sessions", "delete")
def end_session(request: Call, session_id: UUID) -> Status[None]:
    """End one of your sessions."""
    sign_in.end_session(by=request.caller, session_id=session_id, now=clock.now())
    return Status(204, None)


@router.post("/auth/password/change", tags=["auth"], response={204: None})
@needs("password", "update")
@limited("secrets")
def change_password(request: Call, body: shapes.PasswordChange) -> Status[None]:
    """Take another password; all your other sessions end. With a second factor on, show it first (step-up)."""
    password.change_password(by=request.caller, now=clock.now(), **body.model_dump())
    return Status(204, None)


@router.get("/users/me", tags=["users"], response={200: shapes.UserEnvelope})
@needs("me", "read")
def read_me(request: Call) -> shapes.UserEnvelope:
    """Your account, and who you are in this organization."""
    return shapes.UserEnvelope(user=shapes.UserOut.of(*queries.me(request.caller)))


@router.put("/users/me", tags=["users"], response={200: shapes.UserEnvelope, **refusals(409)})
@needs("me", "update")
@limited("secrets")
def change_me(request: Call, body: shapes.AboutMe) -> shapes.UserEnvelope:
    """Change your locale, or your address (with your password); until staff have confirmed who you are, say it anew."""
    said = body.model_dump(include={"email", "password", "locale"})
    accounts.change_me(by=request.caller, person=body.person(), now=clock.now(), **said)
    return shapes.UserEnvelope(user=shapes.UserOut.of(*queries.me(request.caller)))


@router.get("/users/doctors", tags=["users"], response={200: shapes.DoctorList})
@needs("users", "read")
def list_doctors(request: Call, page: Query[PageQuery]) -> shapes.DoctorList:
    """The accounts of doctors, those who wait for approval included."""
    found = queries.users(request.caller, page, Role.DOCTOR)
    return shapes.DoctorList(doctors=[shapes.UserOut.of(each.account, each) for each in found.rows], next=found.next)


@router.get("/users/patients", tags=["users"], response={200: shapes.PatientList})
@needs("users", "read")
def list_patients(request: Call, page: Query[PageQuery]) -> shapes.PatientList:
    """The accounts of patients, those who wait for a link included."""
    found = queries.users(request.caller, page, Role.PATIENT)
    return shapes.PatientList(patients=[shapes.UserOut.of(each.account, each) for each in found.rows], next=found.next)


@router.get("/memberships", tags=["memberships"], response={200: shapes.MembershipList})
@needs("memberships", "read")
def list_memberships(request: Call, page: Query[PageQuery]) -> shapes.MembershipList:
    """Who belongs to this organization, and as what."""
    found = queries.memberships(request.caller, page)
    return shapes.MembershipList(memberships=[shapes.MembershipOut.of(each) for each in found.rows], next=found.next)


@router.post("/memberships", tags=["memberships"], response={201: shapes.MembershipEnvelope, **refusals(404, 409)})
@needs("memberships", "create")
@creates_account
def create_membership(
    request: Call, body: shapes.NewMembership, response: HttpResponse
) -> Status[shapes.MembershipEnvelope]:
    """Make somebody a member: with a password a new account, without one an account that you know."""
    made = memberships.employ(by=request.caller, now=clock.now(), **body.model_dump())
    shown = shapes.MembershipEnvelope(membership=shapes.MembershipOut.of(made))
    return created(response, f"/api/memberships/{made.id}", shown, made.version)


@router.get(
    "/memberships/{uuid:membership_id}",
    tags=["memberships"],
    response={200: shapes.MembershipEnvelope, **refusals(404)},
)
@needs("memberships", "read")
def read_membership(request: Call, membership_id: UUID, response: HttpResponse) -> shapes.MembershipEnvelope:
    """One member of this organization."""
    found = queries.membership(request.caller, membership_id)
    etag(response, found.version)
    return shapes.MembershipEnvelope(membership=shapes.MembershipOut.of(found))


@router.patch(
    "/memberships/{uuid:membership_id}",
    tags=["memberships"],
    response={200: shapes.MembershipEnvelope, **refusals(404, 409, 412)},
)
@needs("memberships", "update")
def change_membership(
    request: Call, membership_id: UUID, body: shapes.MembershipChanges, response: HttpResponse
) -> shapes.MembershipEnvelope:
    """Give other roles, or approve; it holds from the next call on."""
    at, now = if_match(request), clock.now()
    changed = memberships.change_membership(
        by=request.caller, membership_id=membership_id, if_match=at, now=now, **body.model_dump()
    )
    etag(response, changed.version)
    return shapes.MembershipEnvelope(membership=shapes.MembershipOut.of(changed))


@router.delete(
    "/memberships/{uuid:membership_id}", tags=["memberships"], response={204: None, **refusals(404, 409, 412)}
)
@needs("memberships", "delete")
def remove_membership(request: Call, membership_id: UUID) -> Status[None]:
    """End a membership and its sessions; the account stays."""
    at, now = if_match(request), clock.now()
    memberships.remove_membership(by=request.caller, membership_id=membership_id, if_match=at, now=now)
    return Status(204, None)


@router.get("/organizations", tags=["organizations"], response={200: shapes.OrganizationList})
@needs("organizations", "read")
def list_organizations(request: Call, page: Query[PageQuery]) -> shapes.OrganizationList:
    """All organizations of this installation; for an admin, the admin's own."""
    found = queries.organizations(request.caller, page)
    shown = [shapes.OrganizationOut.of(each) for each in found.rows]
    return shapes.OrganizationList(organizations=shown, next=found.next)


@router.post("/organizations", tags=["organizations"], response={201: shapes.OrganizationEnvelope, **refusals(409)})
@needs("organizations", "create")
@creates_account
def create_organization(
    request: Call, body: shapes.NewOrganization, response: HttpResponse
) -> Status[shapes.OrganizationEnvelope]:
    """Open an organization, with a schema, a role and a key of its own."""
    made = organizations.create_organization(by=request.caller, **body.model_dump())
    shown = shapes.OrganizationEnvelope(organization=shapes.OrganizationOut.of(made))
    return created(response, f"/api/organizations/{made.id}", shown, made.version)


@router.get(
    "/organizations/{uuid:organization_id}",
    tags=["organizations"],
    response={200: shapes.OrganizationEnvelope, **refusals(404)},
)
@needs("organizations", "read")
def read_organization(request: Call, organization_id: UUID, response: HttpResponse) -> shapes.OrganizationEnvelope:
    """One organization."""
    found = queries.organization(request.caller, organization_id)
    etag(response, found.version)
    return shapes.OrganizationEnvelope(organization=shapes.OrganizationOut.of(found))


@router.patch(
    "/organizations/{uuid:organization_id}",
    tags=["organizations"],
    response={200: shapes.OrganizationEnvelope, **refusals(404, 409, 412)},
)
@needs("organizations", "update")
def change_organization(
    request: Call, organization_id: UUID, body: shapes.OrganizationChanges, response: HttpResponse
) -> shapes.OrganizationEnvelope:
    """Change an organization; the operator also names its domains, suspends and resumes it."""
    at, now = if_match(request), clock.now()
    changed = organizations.change_organization(
        by=request.caller, organization_id=organization_id, changes=body.said(), suspended=body.suspended, if_match=at,
        now=now,
    )  # fmt: skip
    etag(response, changed.version)
    return shapes.OrganizationEnvelope(organization=shapes.OrganizationOut.of(changed))
