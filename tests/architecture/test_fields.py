"""Every column says what it holds, and foreign keys point only downward."""

import configparser
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from chiron.tenancy.router import aliases_of
from tests.architecture.source import ROOT

CLASSES = frozenset({"public", "operational", "personal", "clinical", "secret"})
FOREIGN = frozenset(  # tables of others, looked at by hand: none holds anything of a patient
    {
        "admin.LogEntry",
        "auth.Group",
        "auth.Group_permissions",
        "auth.Permission",
        "contenttypes.ContentType",
        "sessions.Session",
    }
)
Model = type[models.Model]


def unclassified(tables: Iterable[Model]) -> list[str]:
    found = []
    for table in tables:
        if table._meta.label in FOREIGN:
            continue
        for field in table._meta.local_concrete_fields:
            if getattr(field, "data_class", None) not in CLASSES:
                found.append(f"{table._meta.label}.{field.name} has no data class")
    return found


def misdirected(tables: Iterable[Model], floors: list[str]) -> list[str]:
    """Foreign keys that point upward or out of their database, or that leave a name on the other side."""
    found = []
    for table in tables:
        for field in table._meta.local_concrete_fields:
            target, relation = field.related_model, field.remote_field
            if table._meta.label in FOREIGN or relation is None or target is None or isinstance(target, str):
                continue
            name = f"{table._meta.label}.{field.name}"
            if not relation.hidden:
                found.append(f"{name} has a reverse name")
            if not databases(table) <= databases(target):
                found.append(f"{name} leaves its database for {target._meta.label}")
            if height(target, floors) > height(table, floors):
                found.append(f"{name} points up to {target._meta.label}")
    return found


def databases(table: Model) -> set[str]:
    return set(aliases_of(table._meta.app_label, table._meta.model_name))


def height(table: Model, floors: list[str]) -> int:
    """How high the table's app stands; tables of others lie below all of ours."""
    return floors.index(table._meta.app_label) if table._meta.app_label in floors else -1


def floors_from_the_ground() -> list[str]:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    lines = contracts["importlinter:contract:floors"]["layers"].split("\n")
    return [app for line in reversed(lines) for app in line.replace("(", "").replace(")", "").split(" | ") if app]


def tables() -> list[Model]:
    return list(apps.get_models(include_auto_created=True))


def test_every_field_has_a_data_class() -> None:
    assert unclassified(tables()) == []


def test_foreign_keys_point_down_within_one_database() -> None:
    assert misdirected(tables(), floors_from_the_ground()) == []


@isolate_apps("chiron.registry")
def test_a_planted_field_without_a_class_is_found() -> None:
    class Nickname(models.Model):
        text: Any = models.CharField(max_length=9)

        class Meta:
            app_label = "registry"

    assert unclassified([Nickname]) == [
        "registry.Nickname.id has no data class",
        "registry.Nickname.text has no data class",
    ]


@isolate_apps("chiron.registry", "chiron.records", "chiron.identity")
def test_planted_misdirected_keys_are_found() -> None:
    class Note(models.Model):
        class Meta:
            app_label = "records"

    class Login(models.Model):
        class Meta:
            app_label = "identity"

    class Nickname(models.Model):
        note: Any = models.ForeignKey(Note, models.PROTECT)
        login: Any = models.ForeignKey(Login, models.PROTECT, related_name="+")

        class Meta:
            app_label = "registry"

    assert misdirected([Nickname], floors_from_the_ground()) == [
        "registry.Nickname.note has a reverse name",
        "registry.Nickname.note points up to records.Note",
        "registry.Nickname.login leaves its database for identity.Login",
    ]
