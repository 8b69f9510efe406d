"""Who asks, and how far their permission reaches.

Every operation is marked with what it needs, or openly for everybody; an unmarked one fails CI. The policy table and
the way of authentication belong to identity and are installed here by config, so that apps below identity can guard
their operations too.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar
from uuid import UUID

from django.http import HttpRequest

from chiron.kernel.errors import NotPermitted

View = TypeVar("View", bound=Callable[..., Any])


class Scope(IntEnum):
    """How far a permission reaches: nothing, one's own, what one is assigned to, the whole organization."""

    NONE = 0
    OWN = 1
    ASSIGNED = 2
    ORGANIZATION = 3


class Proof(Enum):
    """How surely a caller must be known for an operation."""

    USUAL = "signed in, with a second factor where the organization requires one"
    FRESH = "a second factor shown at most five minutes ago"
    WANTED = "a second factor shown at most five minutes ago where the organization wants that for exports"
    ENROLLING = "signed in; the second factor that the organization requires may still be missing"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for something, and in which organization. Roles of an unapproved membership are absent."""

    account_id: UUID | None = None
    organization_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    session_id: UUID | None = None
    membership_id: UUID | None = None
    provider_id: UUID | None = None
    patient_id: UUID | None = None
    operator: bool = False
    request_id: str = ""
    address: str = ""
    device: str = ""
    purpose: str = "TREAT"
    on_behalf_of: UUID | None = None

    def scope(self, resource: str, action: str) -> Scope:
        """How far the policy lets this caller go. Raises NotPermitted where it allows nothing."""
        scope = Policy.decide(self, resource, action)
        if scope is Scope.NONE:
            raise NotPermitted
        return scope

    def inside(self, organization_id: UUID) -> "Caller":
        """The same caller, acting in that organization (commands and sign-in, where no token says it yet)."""
        return replace(self, organization_id=organization_id)


class Call(HttpRequest):
    """A request that passed the wrapper: its caller is known, and by what (``verified``, identity's)."""

    caller: Caller
    verified: Any
    request_id: str


class Decide(Protocol):
    def __call__(self, caller: Caller, resource: str, action: str, /) -> Scope: ...


def _nothing(caller: Caller, resource: str, action: str, /) -> Scope:
    raise LookupError("no policy is installed")


class Authenticate(Protocol):
    def __call__(self, request: HttpRequest, proof: Proof, /) -> Caller: ...


def _nobody(request: HttpRequest, proof: Proof, /) -> Caller:
    raise LookupError("no authenticator is installed")


class Policy:
    """What config installed: the policy table, and how a request becomes a caller."""

    decide: ClassVar[Decide] = staticmethod(_nothing)
    authenticate: ClassVar[Authenticate] = staticmethod(_nobody)


def install(*, decide: Decide, authenticate: Authenticate) -> None:
    """Connect identity's policy and authentication to the operations of all apps (config, once, at start)."""
    Policy.decide = staticmethod(decide)
    Policy.authenticate = staticmethod(authenticate)


class Need(NamedTuple):
    """What an operation needs, which is also its name in the audit trail."""

    resource: str
    action: str


def need_of(view: Callable[..., Any]) -> Need | None:
    """What an operation needs, or None where it is open to all."""
    marked = getattr(view, "needs", None)
    return Need(*marked) if marked else None


def proof_of(view: Callable[..., Any]) -> Proof:
    """How surely the callers of an operation must be known."""
    return getattr(view, "proof", Proof.USUAL)


def needs(resource: str, action: str, *, proof: Proof = Proof.USUAL) -> Callable[[View], View]:
    """Guard an operation: callers whose scope for this is NONE get 403 before its body is read.

    With ``proof=Proof.FRESH`` whoever has not just shown a second factor gets 401 ``step-up-required`` (the trail's
    export, keys, erasure, the second factor itself); with ``Proof.WANTED`` only where the organization decided so.
    """

    def mark(view: View) -> View:
        view.needs, view.proof = (resource, action), proof  # type: ignore[attr-defined]
        return view

    return mark


def open_to_all(why: str) -> Callable[[View], View]:
    """Leave an operation open to everybody, and say why (printed in the documentation)."""

    def mark(view: View) -> View:
        view.open_to_all = why  # type: ignore[attr-defined]
        return view

    return mark


def limit_of(view: Callable[..., Any]) -> str | None:
    """The group of limits that an operation counts against, or None where it is not limited."""
    return getattr(view, "limited", None)


def limited(group: str) -> Callable[[View], View]:
    """Count calls of an operation against the limits of that group, before its body is read."""

    def mark(view: View) -> View:
        view.limited = group  # type: ignore[attr-defined]
        return view

    return mark


def creates(view: View) -> View:
    """A POST that creates in clinical: an ``Idempotency-Key`` makes its repetition answer the same and do nothing."""
    view.creates = "clinical"  # type: ignore[attr-defined]
    return view


def creates_account(view: View) -> View:
    """The same for a POST whose effect lies in accounts: it runs in a transaction there, not in clinical."""
    view.creates = "accounts"  # type: ignore[attr-defined]
    return view


class Received(Protocol):
    """A body that was taken in before the transaction. `digest` stands for it where it is compared with another."""

    @property
    def digest(self) -> bytes: ...

    def drop(self) -> None:
        """Remove again what was taken in: the request came to nothing."""


class Receiving(Call):
    """A request whose body was taken in."""

    received: Any


def receives(take: Callable[..., Received]) -> Callable[[View], View]:
    """A body too large to be held: ``take(request, **path)`` reads it after the policy was asked and before the
    transaction opens, in transactions of its own. The operation finds the result as ``request.received``.
    """

    def mark(view: View) -> View:
        view.receives = take  # type: ignore[attr-defined]
        return view

    return mark
