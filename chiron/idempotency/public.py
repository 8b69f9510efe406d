"""What other apps may use of idempotency."""

from chiron.idempotency.answering import forget, is_repetition, once
from chiron.idempotency.erasing import forget_about

__all__ = ["forget", "forget_about", "is_repetition", "once"]
