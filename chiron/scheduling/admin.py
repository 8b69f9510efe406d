"""The administration of scheduling."""

from chiron.scheduling import admin_calendar, admin_hours, admin_reminders, admin_waitlist

__all__ = ["admin_calendar", "admin_hours", "admin_reminders", "admin_waitlist"]
