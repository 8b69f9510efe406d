"""Values that an older system sealed with Fernet and the same master key. They are read, never written."""

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from chiron.vault.errors import OpeningFailed
from chiron.vault.master import master_key


def open_legacy(token: str | bytes) -> str:
    """The text inside a Fernet token of an older system. Raises `OpeningFailed` for anything else.

    Nothing binds such a token to its row: whoever reads one must seal it anew at once.
    """
    master_key()
    try:
        return Fernet(settings.MASTER_ENCRYPTION_KEY).decrypt(token).decode()
    except (InvalidToken, UnicodeDecodeError):
        raise OpeningFailed from None
