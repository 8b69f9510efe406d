from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "chiron.records"
    label = "records"
    databases = ("clinical",)
