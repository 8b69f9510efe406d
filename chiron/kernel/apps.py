from django.apps import AppConfig


class Kernel(AppConfig):
    name = "chiron.kernel"
    label = "kernel"
    databases: tuple[str, ...] = ()
