"""What the registry asks of floors above it, without knowing them; config installs the answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

from chiron.kernel.access import Caller


@dataclass(frozen=True, slots=True)
class Tie:
    """One thing that needs a provider: ``kind`` as the API calls its collection, and whose it is."""

    kind: str
    id: UUID
    patient_id: UUID | None = None


class Ties(Protocol):
    """What one app knows of a provider's duties; both are called in the transaction in which the provider leaves."""

    def standing(self, provider_id: UUID, now: datetime, /) -> Sequence[Tie]:
        """What still needs this provider, first come first."""

    def hand_over(self, by: Caller, provider_id: UUID, to_id: UUID, now: datetime, /) -> None:
        """Give all of it to another provider; a refusal leaves everything as it was."""


Ending = Callable[[UUID, datetime], None]
"""Ends what was to come for a patient who is erased, whose key is gone; safe to call again."""


class Hooks:
    """``ties`` are asked, in this order, before a provider becomes inactive; ``endings`` when a patient is erased."""

    ties: ClassVar[tuple[Ties, ...]] = ()
    endings: ClassVar[tuple[Ending, ...]] = ()


def install(*, ties: Sequence[Ties], endings: Sequence[Ending]) -> None:
    """Connect the apps that know duties of providers and what patients are to come for (config, once, at start)."""
    Hooks.ties, Hooks.endings = tuple(ties), tuple(endings)
