from django.apps import AppConfig


class Interop(AppConfig):
    name = "chiron.interop"
    label = "interop"
    databases: tuple[str, ...] = ()
