"""Refusals of notifications."""

from chiron.kernel.errors import DomainError


class KindNotMutable(DomainError):
    """``kinds`` names those that were turned off and cannot be."""

    code, title, status = "kind-not-mutable", "Of that kind of thing everybody is told.", 422


class DeliveryNotFailed(DomainError):
    code, title = "delivery-not-failed", "That mail is on its way, or was sent, or is not to be sent."
