"""Which database a model lives in: its app says so; an app in two of them must be asked by name."""

from typing import Any

from django.apps import apps
from django.db import models


def aliases_of(app_label: str, model_name: str | None = None) -> tuple[str, ...]:
    """The databases that hold an app's tables, or one model's that says so; other people's apps live in accounts."""
    config = apps.get_app_config(app_label)
    aliases: tuple[str, ...] = getattr(config, "databases", ("accounts",))
    return getattr(config.models.get(model_name or ""), "databases", aliases)


class ByApp:
    """Django's database router. Where it has no answer, Django falls to the missing default database and fails."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        aliases = aliases_of(model._meta.app_label, model._meta.model_name)
        return aliases[0] if len(aliases) == 1 else None

    db_for_write = db_for_read

    def allow_relation(self, one: models.Model, other: models.Model, **hints: Any) -> bool:
        return bool(set(aliases_of(one._meta.app_label)) & set(aliases_of(other._meta.app_label)))

    def allow_migrate(self, alias: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        return alias in aliases_of(app_label, model_name)
