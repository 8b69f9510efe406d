from django.apps import AppConfig


class Desk(AppConfig):
    name = "chiron.desk"
    label = "desk"
    databases: tuple[str, ...] = ()
