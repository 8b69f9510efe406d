"""The administration of screening."""

from chiron.screening import admin_drift, admin_models, admin_screenings, admin_shadows, admin_sharing

__all__ = ["admin_drift", "admin_models", "admin_screenings", "admin_shadows", "admin_sharing"]
