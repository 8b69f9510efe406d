"""Whoever opens a transaction or a cursor names the database."""

import ast
from pathlib import Path

from tests.architecture.source import ROOT, imports, plant, sources, within

BARE = ("django.db.transaction", "django.db.connection", "django.db.connections")
MAY = ("chiron/kernel/db.py", "chiron/postgres/", "chiron/tenancy/")


def bare_databases(root: Path) -> list[str]:
    found = []
    for source in sources(root):
        if not source.name.startswith(("chiron/", "config/")) or source.is_test or source.name.startswith(MAY):
            continue
        found += [f"{source.name}:{line} uses {name}" for line, name in imports(source.tree) if within(name, *BARE)]
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in BARE:
                found.append(f"{source.name}:{node.lineno} uses {ast.unparse(node)}")
            if isinstance(node, ast.Call) and called(node) in {"atomic", "on_commit"} and not names_a_database(node):
                found.append(f"{source.name}:{node.lineno} calls {called(node)}() without naming a database")
    return found


def called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def names_a_database(node: ast.Call) -> bool:
    """Whether the first argument can be an alias; a function, as in `on_commit(send)`, is none."""
    first = node.args[0] if node.args else None
    return first is not None and not isinstance(first, ast.Lambda) and (called(node) == "atomic" or len(node.args) > 1)


def test_every_transaction_and_cursor_names_its_database() -> None:
    assert bare_databases(ROOT) == []


def test_planted_bare_transactions_are_found(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "chiron/registry/services.py",
        "import django.db\n"
        "from django.db import models, transaction as t\n"
        "from django.db.transaction import atomic\n"
        "with atomic():\n    pass\n"
        "with atomic('accounts'):\n    pass\n"
        "t.on_commit(lambda: None)\n"
        "django.db.connection.cursor()\n",
    )
    plant(tmp_path, "chiron/kernel/db.py", "from django.db import transaction\n")

    assert sorted(bare_databases(tmp_path)) == [
        "chiron/registry/services.py:2 uses django.db.transaction",
        "chiron/registry/services.py:3 uses django.db.transaction.atomic",
        "chiron/registry/services.py:4 calls atomic() without naming a database",
        "chiron/registry/services.py:8 calls on_commit() without naming a database",
        "chiron/registry/services.py:9 uses django.db.connection",
    ]
