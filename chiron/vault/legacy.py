"""Values that an older system sealed with Fernet and the same master key. They are read, never written."""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from chiron.vault.errors import OpeningFailed
from chiron.vault.master import master_secrets


def open_legacy(token: str | bytes) -> str:
    """The text inside a Fernet token of an older system. Raises `OpeningFailed` for anything else.

    Nothing binds such a token to its row: whoever reads one must seal it anew at once.
    """
    fernets = [Fernet(urlsafe_b64encode(secret)) for secret in master_secrets()]
    if not fernets:
        raise OpeningFailed
    fernet = MultiFernet(fernets)
    try:
        return fernet.decrypt(token).decode()
    except (InvalidToken, ValueError):
        raise OpeningFailed from None
