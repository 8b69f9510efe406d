from django.apps import AppConfig


class Audit(AppConfig):
    name = "chiron.audit"
    label = "audit"
    databases = ("accounts", "clinical")
