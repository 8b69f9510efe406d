from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "chiron.audit"
    label = "audit"
    databases = ("accounts", "clinical")
