from django.apps import AppConfig


class Tenancy(AppConfig):
    name = "chiron.tenancy"
    label = "tenancy"
    databases = ("accounts",)
