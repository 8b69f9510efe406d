from django.apps import AppConfig


class Idempotency(AppConfig):
    name = "chiron.idempotency"
    label = "idempotency"
    databases = ("accounts", "clinical")
