"""Where lower floors ask higher ones, and the kernel asks identity: connected here, once."""

from chiron.identity import hooks
from chiron.identity.authentication import authenticate
from chiron.identity.policy import scope_of
from chiron.kernel import access
from chiron.registry.public import make_claim, provider_for_claim


def install() -> None:
    """Give the kernel its policy and authenticator, and identity the registry's answers."""
    access.install(decide=scope_of, authenticate=authenticate)
    hooks.install(make_claim=make_claim, provider_for_claim=provider_for_claim)
