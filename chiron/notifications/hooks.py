"""What the mail of a notification says: told by the app that owns what happened; config installs the answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.kernel.letters import Letter


@dataclass(frozen=True, slots=True)
class Reader:
    """Who gets a mail: where, in which locale, and on which clock times are shown."""

    account_id: UUID
    address: str
    locale: str
    zone: ZoneInfo
    clinic: str


LetterOf = Callable[[str, UUID, Reader], Letter | None]
"""From a kind, the id of what it is about and a reader to a letter; None where there is nothing to say any more."""


class Hooks:
    """``letters`` of each resource; what has none there is said in general words."""

    letters: ClassVar[Mapping[str, LetterOf]] = {}


def install(*, letters: Mapping[str, LetterOf]) -> None:
    """Connect the floors above (config, once, at start)."""
    Hooks.letters = letters
