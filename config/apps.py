"""The composition of the house: connected once, when Django has loaded every app."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import Tags, register


class Composition(AppConfig):
    name = "config"
    label = "config"
    databases: tuple[str, ...] = ()

    def ready(self) -> None:
        """Install what lower floors ask of higher ones."""
        from chiron.kernel import log
        from config import hooks, startup

        register(startup.examine_servers, Tags.security, deploy=True)
        register(startup.examine_bundles, "models")
        log.configure()
        hooks.install()


class Administration(AdminConfig):
    """Django's admin, in our own site."""

    default_site = "config.admin_site.Site"
