"""Connections beside Django's, for what has a login or a life of its own: the sealer, the queue."""

from typing import Any

DJANGO_ONLY = frozenset({"assume_role", "isolation_level", "pool", "server_side_binding", "service"})


def parameters_of(server: dict[str, Any]) -> dict[str, Any]:
    """psycopg's parameters for the server that Django's settings describe; a pooler may stand between."""
    options = {name: value for name, value in server.get("OPTIONS", {}).items() if name not in DJANGO_ONLY}
    return {
        "dbname": server["NAME"],
        "user": server.get("USER") or None,
        "password": server.get("PASSWORD") or None,
        "host": server.get("HOST") or None,
        "port": server.get("PORT") or None,
        "prepare_threshold": None,
        "connect_timeout": 10,
    } | options
