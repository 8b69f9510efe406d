from django.apps import AppConfig


class Analytics(AppConfig):
    name = "chiron.analytics"
    label = "analytics"
    databases: tuple[str, ...] = ()
