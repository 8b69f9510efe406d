from django.apps import AppConfig


class Identity(AppConfig):
    name = "chiron.identity"
    label = "identity"
    databases = ("accounts",)
