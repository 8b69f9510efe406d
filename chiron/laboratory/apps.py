from django.apps import AppConfig


class Laboratory(AppConfig):
    name = "chiron.laboratory"
    label = "laboratory"
    databases = ("clinical",)
