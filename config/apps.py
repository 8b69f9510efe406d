"""The composition of the house: connected once, when Django has loaded every app."""

from django.apps import AppConfig


class Composition(AppConfig):
    name = "config"
    label = "config"
    databases: tuple[str, ...] = ()

    def ready(self) -> None:
        """Install what lower floors ask of higher ones."""
        from chiron.kernel import log
        from config import hooks

        log.configure()
        hooks.install()
