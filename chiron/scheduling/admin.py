"""The administration of scheduling."""

from chiron.scheduling import admin_calendar

__all__ = ["admin_calendar"]
