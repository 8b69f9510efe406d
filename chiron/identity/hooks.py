"""What identity asks of floors above it, without knowing them; config installs the answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from chiron.kernel.access import Caller


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody says to be."""

    first_name: str = ""
    last_name: str = ""
    birth_date: str = ""


class MakeClaim(Protocol):
    def __call__(self, by: Caller, *, account_id: UUID, membership_id: UUID, kind: str, person: Person) -> None: ...


class ProviderForClaim(Protocol):
    def __call__(self, by: Caller, *, account_id: UUID) -> UUID | None: ...


class Door(Protocol):
    def __call__(self, by: Caller, id: UUID, action: str, /) -> object: ...


class EngagementEnded(Protocol):
    def __call__(self, by: Caller, account_id: UUID, at: datetime, /) -> object: ...


class Alarmed(Protocol):
    def __call__(self, organization_id: UUID, account_id: UUID, what: int, about: UUID, at: datetime, /) -> object: ...


def _unanswered(*_: Any, **__: Any) -> Any:
    raise LookupError("config installed no hook")


class Hooks:
    """``make_claim`` keeps a claim in the organization; ``provider_for_claim`` makes the approved doctor's provider.

    ``alarmed`` tells a member, once the transaction on accounts commits, what happened to their account
    (`chiron.identity.alarms`). ``engagement_ended`` hears, in that transaction, that an account works in the caller's
    organization as LAB no more. ``doors`` lead to one object of a resource, for an action, and raise NotFound or
    NotPermitted for whom it is shut.
    """

    make_claim: ClassVar[MakeClaim] = staticmethod(_unanswered)
    provider_for_claim: ClassVar[ProviderForClaim] = staticmethod(_unanswered)
    alarmed: ClassVar[Alarmed] = staticmethod(_unanswered)
    engagement_ended: ClassVar[EngagementEnded] = staticmethod(_unanswered)
    doors: ClassVar[Mapping[str, Door]] = {}


def install(
    *,
    make_claim: MakeClaim,
    provider_for_claim: ProviderForClaim,
    alarmed: Alarmed,
    engagement_ended: EngagementEnded,
    doors: Mapping[str, Door],
) -> None:
    """Connect the floors above (config, once, at start)."""
    Hooks.make_claim = staticmethod(make_claim)
    Hooks.provider_for_claim = staticmethod(provider_for_claim)
    Hooks.alarmed = staticmethod(alarmed)
    Hooks.engagement_ended = staticmethod(engagement_ended)
    Hooks.doors = doors
