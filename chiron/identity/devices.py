"""Devices on which the owner of an account has signed in before: strangers' failures do not lock them out.

Such a device holds a token, in a cookie or sent as `X-Device-Token`, that opens nothing: it only makes its guesses be
counted apart from those of all others. It dies with the password.
"""

from datetime import timedelta
from struct import Struct
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from chiron.identity import cookies
from chiron.identity.models import Account
from chiron.identity.signed import body_of, is_ours, sign
from chiron.kernel.ids import new_id

PURPOSE, COOKIE, HEADER = "known device", "chiron-device", "X-Device-Token"
BODY = Struct(">16s16s")
LIFETIME = timedelta(days=365)


def device_token(account: Account) -> str:
    """A token for a device on which somebody has just signed in to this account."""
    return sign(PURPOSE, BODY.pack(account.id.bytes, new_id().bytes), account.password)


def known_device(account: Account | None, token: str) -> UUID | None:
    """The device that holds this token, None where it is not known to this account."""
    try:
        body = body_of(token, BODY.size)
    except ValueError:
        return None
    account_id, device_id = BODY.unpack(body)
    if account is None or account_id != account.id.bytes or not is_ours(PURPOSE, token, body, account.password):
        return None
    return UUID(bytes=device_id)


def token_in(request: HttpRequest) -> str:
    """The device's token, or an empty string."""
    return str(request.META.get("HTTP_X_DEVICE_TOKEN", "")) or cookies.read(request, COOKIE)


def make_known(request: HttpRequest, response: HttpResponse, account: Account, *, in_cookies: bool) -> None:
    """Give the device its token, unless it holds one that is good."""
    if known_device(account, token_in(request)):
        return
    if in_cookies:
        cookies.write(request, response, COOKIE, device_token(account), LIFETIME)
    else:
        response.headers[HEADER] = device_token(account)
