"""What other apps may use of idempotency."""

from chiron.idempotency.services import once

__all__ = ["once"]
