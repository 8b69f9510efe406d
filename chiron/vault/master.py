"""The master key: the one secret an operator keeps, which wraps the keys of organizations and nothing else."""

from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from chiron.vault.envelope import Cipher, derived, key_id_of
from chiron.vault.errors import MasterKeyUnavailable, OpeningFailed

WANTED = (
    "Set MASTER_ENCRYPTION_KEY to a Fernet key: 32 random bytes in URL-safe base64 "
    "(python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'). "
    "Keep it apart from the databases; without it nothing sealed can be read."
)

UNREACHABLE = (
    "The master key that KMS_KEY_ID names cannot be used ({reason}): nothing sealed could be read. Have AWS KMS in "
    "reach (region, credentials, KMS_ENDPOINT_URL), and let this process encrypt and decrypt with that key."
)
PROOF = b"a master key that wraps this unwraps it"


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
    return _at_kms(name) if (name := _setting("KMS_KEY_ID")) else _from_text(_setting("MASTER_ENCRYPTION_KEY"))


def master_keys() -> Iterator[MasterKey]:
    """Every master key that opens here: the present one, then those given as previous keys."""
    yield master_key()
    yield from map(_from_text, _previous_texts())
    yield from map(_at_kms, getattr(settings, "KMS_PREVIOUS_KEY_IDS", ()))


def prove_master_key() -> None:
    """Raise `ImproperlyConfigured` where there is no master key, or the service that keeps it does not serve us."""
    try:
        master = master_key()
        if isinstance(master, EnvironmentMasterKey):
            return
        master.unwrap(master.wrap(PROOF, PROOF), PROOF)
    except (MasterKeyUnavailable, OpeningFailed) as error:
        reason = getattr(error, "reason", "") or type(error).__name__
        raise ImproperlyConfigured(UNREACHABLE.format(reason=reason)) from None


def unwrap_by_master(wrapped: bytes, at: bytes) -> bytes:
    """The key that one of them wrapped. Raises `OpeningFailed`, `MasterKeyUnavailable`."""
    key_id = key_id_of(wrapped)
    for master in master_keys():
        if master.id == key_id:
            return master.unwrap(wrapped, at)
    raise OpeningFailed


def master_secrets() -> list[bytes]:
    """Those given as settings, as bare bytes, for reading what older systems sealed with them."""
    present = [] if _setting("KMS_KEY_ID") else [_setting("MASTER_ENCRYPTION_KEY")]
    return [secret_of(text) for text in (*present, *_previous_texts())]


def secret_of(text: str) -> bytes:
    """The 32 bytes a Fernet key stands for."""
    try:
        secret = b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (Error, UnicodeEncodeError):
        raise ImproperlyConfigured(WANTED) from None
    if len(secret) != 32:
        raise ImproperlyConfigured(WANTED)
    return secret


def _setting(name: str) -> str:
    return getattr(settings, name, None) or ""


def _previous_texts() -> list[str]:
    """With a key at KMS, one that is given beside it is a previous one, too."""
    texts = list(getattr(settings, "MASTER_ENCRYPTION_PREVIOUS_KEYS", ()))
    beside = _setting("MASTER_ENCRYPTION_KEY")
    return [beside, *texts] if _setting("KMS_KEY_ID") and beside else texts


@lru_cache(maxsize=8)
def _from_text(text: str) -> MasterKey:
    return EnvironmentMasterKey(secret_of(text))


@lru_cache(maxsize=8)
def _kms(name: str, endpoint: str) -> MasterKey:
    from chiron.vault.kms import KmsMasterKey  # boto3 takes long to import, and most do without

    return KmsMasterKey(name, endpoint)


def _at_kms(name: str) -> MasterKey:
    return _kms(name, _setting("KMS_ENDPOINT_URL"))
