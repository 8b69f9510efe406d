"""Links: an address that opens one thing, for whom it was made, for five minutes.

A player or a download in a page of another origin sends no Authorization header. A link carries in its place who asked
for it, signed as an access token is; but it is of another kind and audience, so neither passes for the other, and it is
bound to one address, which it can only read. It falls with its session, like every token of it.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest

from chiron.identity.errors import LinkExpired
from chiron.identity.models import Membership
from chiron.identity.roles import in_order
from chiron.identity.rules import ACCESS_LIFETIME
from chiron.identity.second_factors import enrolment_due
from chiron.identity.tokens import Verified, proved, signed
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound, NotPermitted
from chiron.kernel.ids import NIL, new_id

PARAMETER, KIND, AUDIENCE, ADDRESS = "link", "link+jwt", "chiron-link", "address"


@dataclass(frozen=True, slots=True)
class Link:
    """An address with what opens it, and until when it does."""

    url: str
    expires_at: datetime


def link_to(address: str, *, by: Caller, now: datetime) -> Link:
    """A link to an address that the caller may read now. It is asked again when it is used.

    It carries the rights of the membership as it is, since it carries that version: those of the caller may have been
    taken back within the last second.
    Raises NotPermitted for a caller without a session or a membership.
    """
    membership = Membership.objects.select_related("organization").filter(id=by.membership_id or NIL).first()
    if membership is None or by.session_id is None:
        raise NotPermitted
    due = enrolment_due(membership.account_id, membership)
    issued = int(now.timestamp())
    expires = issued + int(ACCESS_LIFETIME.total_seconds())
    claims = {
        "iss": settings.JWT_ISSUER,
        "aud": AUDIENCE,
        "sub": str(by.account_id),
        "org": str(by.organization_id),
        "roles": in_order(membership.effective_roles),
        "authz_version": membership.authz_version,
        "sid": str(by.session_id),
        "iat": issued,
        "exp": expires,
        "jti": str(new_id()),
        "mem": str(membership.id),
        "provider": membership.provider_id and str(membership.provider_id),
        "patient": membership.patient_id and str(membership.patient_id),
        "op": False,
        "mfa_due": due and int(due.timestamp()),
        ADDRESS: address,
    }
    text = signed(claims, KIND)
    return Link(f"{address}?{urlencode({PARAMETER: text})}", datetime.fromtimestamp(expires, UTC))


def opened(request: HttpRequest) -> Verified | None:
    """Who the link of a request says calls, expired or not; None for a request without one.

    Raises NotSignedIn for whatever is not a link of ours, NotFound for one to another address or to change something.
    """
    text = request.GET.get(PARAMETER)
    if text is None:
        return None
    known, claims = proved(text, KIND, AUDIENCE, besides=(ADDRESS,), verify_exp=False)
    if request.method != "GET" or claims[ADDRESS] != request.path_info:
        raise NotFound
    return known


def must_open(link: Verified, caller: Caller) -> None:
    """Refuse a link that was made for somebody else, or has expired. Raises NotFound, LinkExpired."""
    made_for = (link.caller.account_id, link.caller.organization_id)
    if made_for != (caller.account_id, caller.organization_id):
        raise NotFound
    if link.expires_at <= time.time():
        raise LinkExpired
