"""Where lower floors ask higher ones, and the kernel asks identity: connected here, once."""

from chiron.audit import hooks as audit
from chiron.identity import hooks as identity
from chiron.identity.authentication import authenticate
from chiron.identity.policy import scope_of
from chiron.identity.queries import account_names
from chiron.kernel import access
from chiron.registry import hooks as registry
from chiron.registry.public import Assignments, make_claim, provider_for_claim


def install() -> None:
    """Give the kernel its policy and authenticator, and lower floors what they ask of higher ones."""
    access.install(decide=scope_of, authenticate=authenticate)
    audit.install(account_names=account_names)
    identity.install(make_claim=make_claim, provider_for_claim=provider_for_claim)
    registry.install(ties=[Assignments()])
