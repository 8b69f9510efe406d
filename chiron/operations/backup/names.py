"""Names of roles and databases that mean the same in every installation, whatever it is called."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings

from chiron.kernel.db import ALIASES
from chiron.postgres.calling import call_databases
from chiron.tenancy.public import login_of, sealer_of
from chiron.vault.public import forget_keys

RESTORING = "_restoring"


def caller_of(alias: str) -> Callable[[str], str]:
    """What a role of that database is called in a fingerprint: by what it is for, not by what it is named here."""
    known = {login_of(alias): "requests"} | ({sealer_of(alias): "sealer"} if alias in settings.SEALER_DATABASES else {})
    prefix = f"{settings.DATABASE_PREFIX}_clinical_"

    def call(role: str) -> str:
        return known.get(role) or role.removeprefix(prefix)

    return call


def restoring(name: str) -> str:
    """What a database is called until it is proven."""
    return f"{name}{RESTORING}"


def names() -> dict[str, str]:
    """What the three databases are called that are served."""
    return {alias: str(settings.OWNER_DATABASES[alias]["NAME"]) for alias in ALIASES}


@contextmanager
def calling(databases: dict[str, str]) -> Iterator[None]:
    """Within the block, everything of this process works on databases of these names."""
    before = names()
    call_databases(databases)
    forget_keys()
    try:
        yield
    finally:
        call_databases(before)
        forget_keys()
