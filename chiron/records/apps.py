from django.apps import AppConfig


class Records(AppConfig):
    name = "chiron.records"
    label = "records"
    databases = ("clinical",)
