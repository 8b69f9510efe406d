"""The one place that reads the clock; verbs receive the time as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)
