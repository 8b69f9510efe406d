from django.apps import AppConfig


class Notifications(AppConfig):
    name = "chiron.notifications"
    label = "notifications"
    databases = ("clinical",)
