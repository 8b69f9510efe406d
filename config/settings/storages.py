"""From the environment to Django's storages: where sealed files lie."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from chiron.postgres.home import Home
from config import environment

INSIDE = "files"


def storages(home: Home) -> dict[str, dict[str, Any]]:
    """Django's STORAGES. There is no default one: whoever stores something says where."""
    return {
        "sealed": _sealed(home),
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def _sealed(home: Home) -> dict[str, Any]:
    bucket, container = environment.read("S3_BUCKET"), environment.read("AZURE_CONTAINER")
    if bucket and container:
        raise ImproperlyConfigured("S3_BUCKET and AZURE_CONTAINER are both set: files lie in one of them.")
    if bucket:
        options = {
            "bucket_name": bucket,
            "location": INSIDE,
            "endpoint_url": environment.read("S3_ENDPOINT_URL") or None,
        }
        return {"BACKEND": "chiron.files.backends.s3.Bucket", "OPTIONS": options}
    if container:
        options = {
            "azure_container": container,
            "account_name": environment.read("AZURE_ACCOUNT_NAME"),
            "account_key": environment.read("AZURE_ACCOUNT_KEY"),
            "location": INSIDE,
        }
        return {"BACKEND": "chiron.files.backends.azure.Container", "OPTIONS": options}
    folder = {"location": home.path / INSIDE, "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
    return {"BACKEND": "chiron.files.backends.folder.Folder", "OPTIONS": folder}
