from django.apps import AppConfig


class Operations(AppConfig):
    name = "chiron.operations"
    label = "operations"
    databases = ("accounts", "clinical")
