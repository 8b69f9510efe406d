from django.apps import AppConfig


class Scheduling(AppConfig):
    name = "chiron.scheduling"
    label = "scheduling"
    databases = ("clinical",)
