"""What the trail's page asks of identity, which stands above it; config installs the answer."""

from collections.abc import Iterable
from typing import Any, ClassVar, Protocol
from uuid import UUID

from chiron.kernel.access import Caller


class AccountNames(Protocol):
    def __call__(self, by: Caller, account_ids: Iterable[UUID | None]) -> dict[UUID, str]: ...


def _unanswered(*_: Any, **__: Any) -> Any:
    raise LookupError("config installed no hook")


class Hooks:
    """``account_names``: the user names of accounts, as far as the policy lets the caller know them."""

    account_names: ClassVar[AccountNames] = staticmethod(_unanswered)


def install(*, account_names: AccountNames) -> None:
    """Connect identity (config, once, at start)."""
    Hooks.account_names = staticmethod(account_names)
