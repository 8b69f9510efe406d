"""Identity in another process, where `AUTH_SERVICE_URL` names one: its keys, and what it took back.

Who asks proves to be of this installation by an HMAC under `DJANGO_SECRET_KEY`, which its processes share anyway. What
cannot be asked is refused, in bounded time: a process has one question under way at most, and after a failure it waits
half a second before the next.
"""

import time
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from struct import Struct
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from chiron.client import Keys, Unreachable, fetch
from chiron.identity.signed import body_of, is_ours, sign
from chiron.kernel.errors import Unavailable

HEADER, PURPOSE = "X-Chiron-Proof", "question between processes"
BODY = Struct(">Q")
SKEW = 60.0
PAUSE = 0.5


class AuthService:
    """The process that signs in, seen from one that does not. ``retired`` is called when a key of it is gone."""

    def __init__(self, url: str, retired: Callable[[], None]) -> None:
        self._url = url
        self._keys = Keys(lambda: fetch(f"{url}/.well-known/jwks.json")[1], retired)
        self._not_before = float("-inf")

    def key(self, id: str) -> Ed25519PublicKey | None:
        """Its key with that id; None where it has none. Raises Unavailable where that cannot be known."""
        try:
            return self._keys.get(id)
        except Unreachable:
            raise Unavailable from None

    def taken_back(self, now: datetime) -> dict[str, Any]:
        """Its snapshot of what was taken back, as of now. Raises Unavailable."""
        if time.monotonic() < self._not_before:
            raise Unavailable
        try:
            status, said = fetch(f"{self._url}/auth/revocations", headers={HEADER: proof(now)})
            if status != 200:
                raise Unreachable
        except Unreachable:
            self._not_before = time.monotonic() + PAUSE
            raise Unavailable from None
        taken_back: dict[str, Any] = said
        return taken_back

    def is_in_reach(self) -> bool:
        """Whether it answers."""
        try:
            return fetch(f"{self._url}/health/live")[0] == 200
        except Unreachable:
            return False


@lru_cache(maxsize=4)
def auth_service(url: str, retired: Callable[[], None] = lambda: None) -> AuthService:
    """The one at that address; one for each process, which remembers what it was told."""
    return AuthService(url, retired)


def is_elsewhere() -> bool:
    """Whether another process than this one signs people in."""
    return bool(settings.AUTH_SERVICE_URL)


def proof(now: datetime) -> str:
    """What shows for a minute that a process of this installation asks."""
    return sign(PURPOSE, BODY.pack(int(now.timestamp())), "")


def is_proved(text: str, now: datetime) -> bool:
    """Whether a process of this installation asks, and not somebody who heard it ask before."""
    try:
        body = body_of(text, BODY.size)
    except ValueError:
        return False
    return is_ours(PURPOSE, text, body, "") and abs(BODY.unpack(body)[0] - now.timestamp()) <= SKEW
