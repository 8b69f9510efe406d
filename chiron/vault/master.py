"""The master key: the one secret an operator keeps, which wraps the keys of organizations and nothing else."""

from base64 import b64decode
from binascii import Error
from functools import lru_cache
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from chiron.vault.envelope import Cipher, derived, key_id_of
from chiron.vault.errors import OpeningFailed

WANTED = (
    "Set MASTER_ENCRYPTION_KEY to a Fernet key: 32 random bytes in URL-safe base64 "
    "(python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'). "
    "Keep it apart from the databases; without it nothing sealed can be read."
)


class MasterKey(Protocol):
    """What wraps the keys of organizations; a key management service has the same three."""

    @property
    def id(self) -> UUID: ...

    def wrap(self, key: bytes, at: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, at: bytes) -> bytes: ...


class EnvironmentMasterKey:
    """The master key given as a setting. Its id is derived from it, so that a wrong one is told from a broken one."""

    __slots__ = ("_cipher",)

    def __init__(self, secret: bytes) -> None:
        self._cipher = Cipher(UUID(bytes=derived(secret, "master id", 16)), secret, "wrap organization key")

    @property
    def id(self) -> UUID:
        return self._cipher.key_id

    def wrap(self, key: bytes, at: bytes) -> bytes:
        return self._cipher.seal(at, key)

    def unwrap(self, wrapped: bytes, at: bytes) -> bytes:
        return self._cipher.open(at, wrapped)


def master_key() -> MasterKey:
    """The master key of this process. Raises `ImproperlyConfigured` where there is none, saying what to set."""
    return _from_text(_given())


def master_keys() -> list[MasterKey]:
    """Every master key that opens here: the present one, then those given as previous keys."""
    return [master_key(), *map(_from_text, _previous())]


def unwrap_by_master(wrapped: bytes, at: bytes) -> bytes:
    """The key that one of them wrapped. Raises `OpeningFailed`."""
    key_id = key_id_of(wrapped)
    for master in master_keys():
        if master.id == key_id:
            return master.unwrap(wrapped, at)
    raise OpeningFailed


def master_secrets() -> list[bytes]:
    """The same keys as bare bytes, for reading what older systems sealed with them."""
    return [secret_of(text) for text in (_given(), *_previous())]


def secret_of(text: str) -> bytes:
    """The 32 bytes a Fernet key stands for."""
    try:
        secret = b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (Error, UnicodeEncodeError):
        raise ImproperlyConfigured(WANTED) from None
    if len(secret) != 32:
        raise ImproperlyConfigured(WANTED)
    return secret


def _given() -> str:
    return getattr(settings, "MASTER_ENCRYPTION_KEY", None) or ""


def _previous() -> list[str]:
    return list(getattr(settings, "MASTER_ENCRYPTION_PREVIOUS_KEYS", ()))


@lru_cache(maxsize=8)
def _from_text(text: str) -> MasterKey:
    return EnvironmentMasterKey(secret_of(text))
