"""Where lower floors ask higher ones, and the kernel asks identity: connected here, once."""

from chiron.identity import hooks as identity
from chiron.identity.authentication import authenticate
from chiron.identity.policy import scope_of
from chiron.kernel import access
from chiron.registry import hooks as registry
from chiron.registry.public import Assignments, make_claim, provider_for_claim


def install() -> None:
    """Give the kernel its policy and authenticator, identity the registry's answers, the registry its ties."""
    access.install(decide=scope_of, authenticate=authenticate)
    identity.install(make_claim=make_claim, provider_for_claim=provider_for_claim)
    registry.install(ties=[Assignments()])
