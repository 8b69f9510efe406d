"""E-mail addresses of accounts: sealed, and found through a blind index."""

from typing import TYPE_CHECKING

from chiron.kernel.ids import NIL
from chiron.vault.public import exact_index, platform_safe

if TYPE_CHECKING:
    from chiron.identity.models import Account


def email_index(address: str) -> bytes:
    """16 bytes that are equal for equal addresses, whatever their case."""
    return exact_index(NIL, "email", address.strip().casefold())


def set_email(account: "Account", address: str) -> None:
    """Give an unsaved change of the account this address, not verified yet; an empty one takes it away."""
    account.email = platform_safe().seal(account, "email", address.strip()) if address else None
    account.email_index = email_index(address) if address else None
    account.email_verified_at = None


def keep_former(account: "Account") -> None:
    """Keep the present address beside the one that will follow, so that its owner can be told."""
    present = email_of(account)
    account.former_email = platform_safe().seal(account, "former_email", present) if present else None


def former_email_of(account: "Account") -> str | None:
    """The address before the present one, opened to tell its owner."""
    opened: str | None = platform_safe().open(account, "former_email")
    return opened


def email_of(account: "Account") -> str | None:
    """The address, opened for its owner or for those who administer the account."""
    opened: str | None = platform_safe().open(account, "email")
    return opened
