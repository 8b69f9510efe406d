"""Ids that stand for somebody without naming them."""

import hmac
from uuid import UUID

from django.conf import settings


def digest_of(purpose: str, whose: object) -> UUID:
    """The same id for the same purpose and person; without our key nobody finds out whose it is."""
    key = hmac.digest(settings.SECRET_KEY.encode(), f"chiron {purpose}".encode(), "sha256")
    return UUID(bytes=hmac.digest(key, str(whose).encode(), "sha256")[:16])
