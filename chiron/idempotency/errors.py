"""Refusals of repeated requests."""

from chiron.kernel.errors import DomainError


class InFlight(DomainError):
    code, title, status = (
        "request-in-flight",
        "The first request with this Idempotency-Key is still being answered.",
        409,
    )


class KeyReused(DomainError):
    code, title, status = "idempotency-key-reused", "This Idempotency-Key was used for another request.", 422
