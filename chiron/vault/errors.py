"""What can go wrong with a key or a sealed value."""

from chiron.kernel.errors import DomainError, Unavailable


class OpeningFailed(DomainError):
    """A sealed value, or the key it needs, does not open: moved, altered, or the key is not ours.

    Deliberately without detail: which check failed helps only whoever altered it.
    """

    code, title, status = "opening-failed", "A sealed value could not be opened.", 500


class KeyDestroyed(DomainError):
    """The key of this patient was destroyed by an erasure: nothing sealed with it can ever be read again."""

    code, title, status = "erased", "This data was erased and cannot be recovered.", 410


class LedgerBehind(DomainError):
    """The copied ledger knows erasures that the database does not: an older backup was restored, not yet replayed."""

    code, status = "ledger-behind", 503
    title = "A restored backup lacks erasures that were made since: `chiron erasures replay` makes them again."


class LedgerBroken(DomainError):
    """A line of the ledger was altered, or the database and its copy differ. Nothing is served on it."""

    code, status = "ledger-broken", 503
    title = "The ledger of erasures does not fit its signatures or its copy: see docs/how-to/erase.md."


class MasterKeyUnavailable(Unavailable):
    """The service that keeps the master key does not answer, or not to us; ``reason`` is its word for why."""

    def __init__(self, reason: str = "") -> None:
        super().__init__()
        self.reason = reason
