from django.apps import AppConfig


class Registry(AppConfig):
    name = "chiron.registry"
    label = "registry"
    databases = ("clinical",)
