"""What other apps may use of idempotency."""

from chiron.idempotency.answering import once

__all__ = ["once"]
