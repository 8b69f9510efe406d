from django.apps import AppConfig


class Postgres(AppConfig):
    name = "chiron.postgres"
    label = "postgres"
    databases: tuple[str, ...] = ()
