"""The owner's login: it owns the tables, and is used by migrations and for making organizations, nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.module_loading import import_string

from chiron.kernel.errors import DomainError


class OwnerNotConfigured(DomainError):
    code, status = "owner-not-configured", 503
    title = "This process has no owner's login: run the command on a machine where the …_OWNER_URL is set."


@contextmanager
def as_owner(alias: str) -> Iterator[BaseDatabaseWrapper]:
    """Within the block, this thread's connection of that alias is logged in as the owner; afterwards as before."""
    parameters: dict[str, Any] | None = settings.OWNER_DATABASES.get(alias)
    if not parameters:
        raise OwnerNotConfigured
    before = connections[alias]
    if before.settings_dict["USER"] == parameters["USER"]:
        yield before
        return
    backend = import_string(f"{before.settings_dict['ENGINE']}.base.DatabaseWrapper")
    owner = backend(before.settings_dict | parameters, alias)
    connections[alias] = owner
    try:
        yield owner
    finally:
        owner.close()
        connections[alias] = before
