"""What nobody at Hilltop may ever be answered: the words said at Riverside, and the ids of everything there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.apps import apps
from django.db import models

from chiron.identity.models import Membership, Session
from chiron.kernel.db import CLINICAL
from chiron.tenancy.public import Organization, inside
from chiron.tenancy.router import aliases_of
from chiron.vault.public import Safe
from tests.canary.life import (
    attached,
    claimed,
    examined,
    imported,
    migrated,
    promised,
    registered,
    screened,
    set_up,
    written,
)
from tests.canary.needles import CLEAR, Words, found
from tests.town import Clinic

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SMALL = 2_000
"""Bytes of the larger attachment: how they are cut into parts is not what is looked at here."""

Column = tuple[str, str]


@dataclass
class Secrets:
    """Of a neighbour: its name, ids of its rows, ids that the platform's operator sees, where its words were put."""

    name: str
    within: frozenset[str] = frozenset()
    on_the_platform: frozenset[str] = frozenset()
    sealed: set[Column] = field(default_factory=set)
    answers: int = 0

    def leaked(self, answer: Any, *, to_operator: bool = False, but: str = "") -> list[str]:
        """What of it an answer holds, in its headers or its body, `but` what the caller named in asking."""
        self.answers += 1
        content = repr(sorted(answer.items())).encode() + answer.getvalue()
        ids = self.within if to_operator else self.within | self.on_the_platform
        leaks = [form.decode(errors="replace") for form in found(content)]
        text = content.decode(errors="replace")
        leaks += sorted(ids.intersection(ID.findall(text)) - {but})
        if not to_operator:
            leaks += [word for word in (CLEAR, self.name) if word.casefold() in text.casefold()]
        return leaks


def say_everything(clinic: Clinic) -> Secrets:
    """A day at that clinic, with a word that occurs nowhere else in every column that can hold one."""
    secrets, say = Secrets(clinic.organization.slug), Words()
    with TemporaryDirectory() as folder, overheard(secrets.sealed):
        registered(clinic, say)
        set_up(clinic, say)
        attached(clinic, say, written(clinic, say), SMALL)
        promised(clinic, say)
        screened(clinic, say)
        examined(clinic, say)
        claimed(clinic, say)
        imported(clinic, Path(folder), say)
        migrated(clinic, Path(folder), say)
    of_it = {"domains": [f"{CLEAR.lower()}.example"], "name": f"{CLEAR} {clinic.organization.name}"}
    Organization.objects.filter(id=clinic.id).update(**of_it)
    secrets.on_the_platform = frozenset(map(str, on_the_platform(clinic)))
    with inside(clinic.id):
        rows = [table.objects.using(CLINICAL).values_list("pk", flat=True) for table in tables()]  # type: ignore[attr-defined]
        # Some rows bear the id of their account, which the operator knows.
        secrets.within = frozenset(str(id) for ids in rows for id in ids) - secrets.on_the_platform
    return secrets


def on_the_platform(clinic: Clinic) -> Iterator[UUID]:
    """Ids of what the platform knows of a clinic: itself, its members, and accounts that belong nowhere else."""
    members = Membership.objects.filter(organization_id=clinic.id)
    elsewhere = Membership.objects.exclude(organization_id=clinic.id).values("account_id")
    yield clinic.id
    yield from members.values_list("id", flat=True)
    yield from members.exclude(account__in=elsewhere).values_list("account_id", flat=True)
    yield from Session.objects.filter(organization_id=clinic.id).values_list("id", flat=True)


def tables() -> list[type[models.Model]]:
    """Every table of an organization's schema."""
    every = [table for table in apps.get_models() if table._meta.managed]
    return [table for table in every if CLINICAL in aliases_of(table._meta.app_label, table._meta.model_name)]


@contextmanager
def overheard(columns: set[Column]) -> Iterator[None]:
    """Note each column in which a word is sealed."""
    seal = Safe.seal

    def heard(self: Safe, row: models.Model, column: str, value: Any) -> bytes:
        if found(orjson.dumps(value)):
            columns.add((row._meta.label, column))
        return seal(self, row, column, value)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Safe, "seal", heard)
        yield
