"""Which trails there are, and the sealer's way into their databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from psycopg import sql
from psycopg.rows import namedtuple_row

from chiron.kernel.ids import NIL
from chiron.postgres.beside import parameters_of
from chiron.tenancy.public import all_organizations, schema_of

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Trail:
    """The events of one organization, or of the platform, which has no organization."""

    organization_id: UUID | None

    @property
    def id(self) -> UUID:
        return self.organization_id or NIL

    @property
    def name(self) -> str:
        return str(self.organization_id) if self.organization_id else "platform"

    @property
    def alias(self) -> str:
        return "clinical" if self.organization_id else "accounts"

    @property
    def schema(self) -> str:
        return schema_of(self.organization_id) if self.organization_id else "public"


PLATFORM = Trail(None)


def all_trails() -> list[Trail]:
    """The platform's and those of all organizations, the suspended ones too."""
    return [PLATFORM, *(Trail(organization.id) for organization in all_organizations())]


def connect(alias: str) -> Connection:
    """A connection of the sealer's login, which may read events and write leaves and heads, of every trail."""
    server = parameters_of(settings.SEALER_DATABASES[alias])
    return psycopg.connect(autocommit=True, row_factory=namedtuple_row, **server)


@contextmanager
def within(connection: Connection, trail: Trail) -> Iterator[psycopg.Cursor[Any]]:
    """One transaction that sees the tables of this trail only."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(trail.schema)))
        yield cursor
