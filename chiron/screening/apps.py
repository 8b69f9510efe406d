from django.apps import AppConfig


class Screening(AppConfig):
    name = "chiron.screening"
    label = "screening"
    databases = ("clinical",)
