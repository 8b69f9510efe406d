"""Second factors, over HTTP."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from chiron.identity import cookies, devices, shapes
from chiron.identity import shapes_mfa as mfa_shapes
from chiron.identity.api import hand_over, in_browser
from chiron.identity.authentication import authenticate, visitor
from chiron.identity.services import mfa, mfa_reset
from chiron.kernel import clock
from chiron.kernel.access import Call, Proof, limited, needs, open_to_all
from chiron.kernel.problems import refusals

router = Router()


@router.post("/auth/mfa/setup", tags=["auth"], response={200: mfa_shapes.SetupOut, **refusals(409)})
@needs("mfa", "update", proof=Proof.ENROLLING)
@limited("secrets")
def set_up(request: Call, body: mfa_shapes.Setup) -> mfa_shapes.SetupOut:
    """A secret for your authenticator app, shown once; it counts when `/auth/mfa/verify` has seen a code of it."""
    made = mfa.set_up(by=request.caller, password=body.password, now=clock.now())
    return mfa_shapes.SetupOut(secret=made.secret, otpauth_uri=made.otpauth_uri, qr_svg=made.qr_svg)


@router.post(
    "/auth/mfa/verify",
    tags=["auth"],
    response={200: shapes.SignInOut | shapes.InBrowser | mfa_shapes.BackupCodes, **refusals(401, 403, 404, 409)},
)
@open_to_all("An mfa_token says whose password was right; without one, the caller must be signed in.")
@limited("code")
def verify(
    request: HttpRequest, body: mfa_shapes.Verification, response: HttpResponse
) -> shapes.SignInOut | shapes.InBrowser | mfa_shapes.BackupCodes:
    """Finish a sign-in with a code; or, signed in, turn on the second factor that you have set up."""
    now = clock.now()
    if body.mfa_token is None:
        by = authenticate(request, Proof.ENROLLING)
        return mfa_shapes.BackupCodes(backup_codes=mfa.enrol(by=by, code=body.code, now=now))
    in_cookies = cookies.wants_cookies(request)
    by, device = visitor(request), devices.token_in(request)
    opened = mfa.finish_sign_in(by=by, mfa_token=body.mfa_token, code=body.code, device=device, now=now)
    return hand_over(request, response, opened, shapes.SignInOut.of, in_cookies=in_cookies)


@router.post("/auth/mfa/step-up", tags=["auth"], response={200: shapes.Tokens | shapes.InBrowser, **refusals(409)})
@needs("mfa", "update")
@limited("secrets")
def step_up(request: Call, body: mfa_shapes.OwnCode, response: HttpResponse) -> shapes.Tokens | shapes.InBrowser:
    """Show your second factor again: for five minutes the new tokens open what answered `step-up-required`."""
    opened = mfa.step_up(by=request.caller, code=body.code, now=clock.now())
    return in_browser(request, response, opened) if cookies.came_by_cookie(request) else shapes.Tokens.of(opened)


@router.post("/auth/mfa/disable", tags=["auth"], response={204: None, **refusals(409)})
@needs("mfa", "update", proof=Proof.FRESH)
@limited("secrets")
def disable(request: Call, body: mfa_shapes.PasswordAndCode) -> Status[None]:
    """Take your second factor away; needs `/auth/mfa/step-up` within the last five minutes."""
    mfa.disable(by=request.caller, password=body.password, code=body.code, now=clock.now())
    return Status(204, None)


@router.post("/auth/mfa/backup-codes", tags=["auth"], response={200: mfa_shapes.BackupCodes, **refusals(409)})
@needs("mfa", "update", proof=Proof.FRESH)
@limited("secrets")
def renew_backup_codes(request: Call, body: mfa_shapes.PasswordAndCode) -> mfa_shapes.BackupCodes:
    """Ten new backup codes in place of the earlier ones; needs `/auth/mfa/step-up` within the last five minutes."""
    codes = mfa.renew_backup_codes(by=request.caller, password=body.password, code=body.code, now=clock.now())
    return mfa_shapes.BackupCodes(backup_codes=codes)


@router.post(
    "/memberships/{uuid:membership_id}/mfa-reset",
    tags=["memberships"],
    response={200: mfa_shapes.MfaResetEnvelope, 202: mfa_shapes.MfaResetEnvelope, **refusals(404, 409)},
)
@needs("memberships", "reset-mfa", proof=Proof.FRESH)
def reset_mfa(request: Call, membership_id: UUID) -> Status[mfa_shapes.MfaResetEnvelope]:
    """Take away the second factor of a member who has lost it: one admin asks (202), another confirms within a day."""
    reset = mfa_reset.reset_mfa(by=request.caller, membership_id=membership_id, now=clock.now())
    shown = mfa_shapes.MfaReset.of(reset)
    return Status(200 if shown.done else 202, mfa_shapes.MfaResetEnvelope(mfa_reset=shown))
