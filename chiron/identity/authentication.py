"""From a request to its caller."""

from dataclasses import replace

from django.conf import settings
from django.http import HttpRequest

from chiron.identity import cookies, links
from chiron.identity.directory import by_domain, by_slug
from chiron.identity.errors import EnrolmentRequired, StepUpRequired
from chiron.identity.revocations import revocations
from chiron.identity.rules import is_fresh
from chiron.identity.tokens import Verified, verified
from chiron.kernel import clock
from chiron.kernel.access import Caller, Proof
from chiron.kernel.errors import NotFound, NotSignedIn
from chiron.tenancy.public import policies_of

ADDRESS_LENGTH, DEVICE_LENGTH = 64, 300


def authenticate(request: HttpRequest, proof: Proof) -> Caller:
    """The caller whose access token the request carries, and where the request comes from.

    The token is in the Authorization header or, where there is none, in the browser's cookie; a request with neither
    may have come by a link that was made for the caller. Raises NotSignedIn for anything but a valid token of a
    standing session whose rights are still the same, OrganizationSuspended, LinkExpired, CrossSite for an unsafe call
    by cookie that another site may have caused, NotFound where the request names another organization than the token
    or a link was made for somebody else, EnrolmentRequired where the organization wants a second factor that the
    account has not, and StepUpRequired where it must have been shown just now.
    """
    by_cookie, link = cookies.came_by_cookie(request), links.opened(request)
    token = cookies.access_token_in(request) if by_cookie else _bearer_token(request)
    known = link if link and by_cookie and not token else verified(token)
    revocations.check(known)
    caller = replace(
        known.caller,
        request_id=getattr(request, "request_id", ""),
        address=address_of(request),
        device=request.META.get("HTTP_USER_AGENT", "")[:DEVICE_LENGTH],
    )
    request.caller = caller  # type: ignore[attr-defined]  # known, so that what follows is written down as theirs
    request.verified = known  # type: ignore[attr-defined]  # for who must know how long it holds
    if link:
        links.must_open(link, caller)
    if by_cookie:
        cookies.must_be_meant(request, caller.session_id)
    _must_be_named_alike(request, caller)
    must_be_proved(known, proof)
    return caller


def _bearer_token(request: HttpRequest) -> str:
    kind, _, token = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
    if kind.lower() != "bearer":
        raise NotSignedIn
    return token.strip()


def visitor(request: HttpRequest) -> Caller:
    """Nobody yet: only where the request comes from, for signing in."""
    device = request.META.get("HTTP_USER_AGENT", "")[:DEVICE_LENGTH]
    return Caller(request_id=getattr(request, "request_id", ""), address=address_of(request), device=device)


def address_of(request: HttpRequest) -> str:
    """The client's network address: what the outermost of our own proxies saw, whatever the client claims."""
    trusted = settings.TRUSTED_PROXIES
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if trusted else []
    address = hops[-trusted] if 0 < trusted <= len(hops) else request.META.get("REMOTE_ADDR", "")
    return str(address).strip()[:ADDRESS_LENGTH]


def host_of(request: HttpRequest) -> str:
    """The host name under which the request came, without its port."""
    return str(request.META.get("HTTP_HOST", "")).partition(":")[0].rstrip(".").lower()[:253]


def named_organization(request: HttpRequest) -> str:
    """The slug in `X-Organization`, or an empty string."""
    return str(request.META.get("HTTP_X_ORGANIZATION", "")).strip()[:100]


def must_be_proved(known: Verified, proof: Proof) -> None:
    """Refuse who must be known more surely. Raises EnrolmentRequired, StepUpRequired."""
    if proof is not Proof.ENROLLING and known.mfa_due is not None and known.mfa_due <= clock.now():
        raise EnrolmentRequired
    if _must_be_fresh(known.caller, proof) and not is_fresh(known.mfa_at, clock.now()):
        raise StepUpRequired


def _must_be_fresh(caller: Caller, proof: Proof) -> bool:
    if proof is Proof.WANTED and caller.organization_id:
        return policies_of(caller.organization_id).exports_step_up
    return proof is Proof.FRESH


def _must_be_named_alike(request: HttpRequest, caller: Caller) -> None:
    slug, host = named_organization(request), host_of(request)
    if slug and by_slug.id_of(slug) != caller.organization_id:
        raise NotFound
    if host and not caller.operator and by_domain.id_of(host) not in (None, caller.organization_id):
        raise NotFound
