"""What other apps may use of idempotency."""

from chiron.idempotency.answering import forget, is_repetition, once

__all__ = ["forget", "is_repetition", "once"]
