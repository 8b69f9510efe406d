from django.apps import AppConfig


class Postgres(AppConfig):
    name = "chiron.postgres"
    label = "postgres"
    databases: tuple[str, ...] = ()

    def ready(self) -> None:
        from chiron.postgres import lookups

        lookups.register()
