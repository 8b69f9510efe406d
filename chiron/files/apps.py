from django.apps import AppConfig


class Files(AppConfig):
    name = "chiron.files"
    label = "files"
    databases = ("clinical",)
