"""Working on databases of other names than those that are served, by a process that serves nothing."""

from collections.abc import Mapping

from django.conf import settings
from django.db import connections


def call_databases(names: Mapping[str, str]) -> None:
    """From now on this process finds each database, by alias, under that name, whoever it logs in as."""
    connections.close_all()
    for alias, name in names.items():
        connections[alias].settings_dict["NAME"] = name
        for logins in (settings.DATABASES, settings.OWNER_DATABASES, settings.SEALER_DATABASES):
            if logins.get(alias):
                logins[alias]["NAME"] = name
