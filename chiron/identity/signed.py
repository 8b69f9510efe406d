"""Small tokens of our own that carry a few bytes and nothing secret, each good for one purpose only."""

import base64
import binascii
import hmac

from django.conf import settings

MAC_BYTES = 32


def sign(purpose: str, body: bytes, bound_to: str) -> str:
    """The body with its HMAC. It is good for as long as what it is bound to (a password's hash, say) is the same."""
    key = hmac.digest(settings.SECRET_KEY.encode(), f"chiron {purpose}".encode(), "sha256")
    mac = hmac.digest(key, body + bound_to.encode(), "sha256")
    return base64.urlsafe_b64encode(body + mac).rstrip(b"=").decode()


def body_of(token: str, size: int) -> bytes:
    """The body of that many bytes, not believed yet. Raises ValueError for what has not this form."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError from None
    if len(raw) != size + MAC_BYTES:
        raise ValueError
    return raw[:size]


def is_ours(purpose: str, token: str, body: bytes, bound_to: str) -> bool:
    """Whether we signed this token, for this purpose, with this body, and what it is bound to is the same."""
    return hmac.compare_digest(token.encode(), sign(purpose, body, bound_to).encode())


def signed_link(purpose: str, body: bytes) -> str:
    """The body as a part of an address, good for as long as our key is."""
    return sign(purpose, body, "")


def signed_body(purpose: str, token: str, size: int) -> bytes | None:
    """The body of a `signed_link` of that purpose, None for whatever we did not sign."""
    try:
        body = body_of(token, size)
    except ValueError:
        return None
    return body if is_ours(purpose, token, body, "") else None
