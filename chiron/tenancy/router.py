"""Which database a model lives in: its app says so; an app in two of them must be asked by name."""

from typing import Any

from django.apps import apps
from django.db import models


def aliases_of(app_label: str) -> tuple[str, ...]:
    """The databases that hold an app's tables; other people's apps live in accounts."""
    return getattr(apps.get_app_config(app_label), "databases", ("accounts",))


class ByApp:
    """Django's database router. Where it has no answer, Django falls to the missing default database and fails."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        aliases = aliases_of(model._meta.app_label)
        return aliases[0] if len(aliases) == 1 else None

    db_for_write = db_for_read

    def allow_relation(self, one: models.Model, other: models.Model, **hints: Any) -> bool:
        return bool(set(aliases_of(one._meta.app_label)) & set(aliases_of(other._meta.app_label)))

    def allow_migrate(self, alias: str, app_label: str, **hints: Any) -> bool:
        return alias in aliases_of(app_label)
