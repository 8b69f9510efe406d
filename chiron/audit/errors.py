"""Refusals of proofs."""

from chiron.kernel.errors import Conflict, DomainError


class NotSealedYet(Conflict):
    code, title = "not-sealed-yet", "It was just written and gets its place in the tree within seconds: ask again."


class TrailDamaged(DomainError):
    """What is stored does not lead to the signed root, so nothing can be proved from it."""

    code, title, status = (
        "trail-damaged",
        "The audit trail is not what was signed, and nothing was proved from it.",
        500,
    )
