"""No name, number or note in plaintext at rest: not in a dump, a table, a log, a file or a cache (promise E2)."""

import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from psycopg.types.json import Jsonb

from chiron.audit.sealing import seal
from chiron.identity import tokens
from chiron.kernel import log
from tests.canary.life import live_a_day
from tests.canary.needles import CLEAR, EVERY, PLANTED, Words, forms, found
from tests.canary.places import a_moment_ago, everything_since, server
from tests.server import connect
from tests.town import drop_organization, make_clinic


@contextmanager
def without_temporary_files() -> Iterator[None]:
    """Whoever wants to put something into a temporary file fails."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tempfile, "tempdir", "/nonexistent")
        yield


@pytest.mark.parametrize("form", ["{}", "a {} b", '"{}"'])
@pytest.mark.parametrize("word", EVERY)
def test_a_leak_would_be_found_in_any_form(word: str, form: str) -> None:
    said = form.format(word)
    leaks = [
        said.encode(),
        said.lower().encode(),
        said.encode("utf-16-le"),
        f"\\x{said.encode().hex()}".encode(),
        *(b64encode(b"x" * before + said.encode()) for before in range(4)),
    ]

    assert [bool(found(leak)) for leak in leaks] == [True] * len(leaks)
    assert found(b"nothing of the kind") == []


@pytest.fixture
def printed(our_log: StringIO, capfd: Any) -> Callable[[], str]:
    """What was logged and printed so far, by this process and those it started.

    The log is given back last, when the output is what it was: else it would go on writing into a closed file.
    """
    return lambda: our_log.getvalue() + "".join(capfd.readouterr())


def kind_of(place: str) -> str:
    """What sort of place it is: of files the folder of the server, or of ours."""
    return place.removeprefix("file postgres/data/").removeprefix("file ").split("/")[0]


@pytest.mark.skipif(not settings.EMBEDDED, reason="reads the files of the session's own server")
def test_a_leak_is_found_wherever_it_lies(
    django_db_setup: None, django_db_blocker: Any, printed: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said, moment, storage = f"Mrs {PLANTED} called".encode(), a_moment_ago(), storages["sealed"]
    planted = list(forms(PLANTED))
    home, copies = settings.HOME, Path(settings.AUDIT_HEADS_DIR)
    spilled, copy, forgotten = home.data / "base/pgsql_tmp/pgsql_tmp1.0", copies / "leak", home.path / "leak"
    connections = {
        alias: connect(owner := settings.OWNER_DATABASES[alias], owner["NAME"]) for alias in ("accounts", "clinical")
    }

    with django_db_blocker.unblock():
        connections["accounts"].execute("CREATE TABLE leak AS SELECT %s::text AS said", [said.decode()])
        connections["clinical"].execute(
            "INSERT INTO procrastinate_jobs (task_name, queue_name, args) VALUES ('leak', 'leak', %s)",
            [Jsonb({"name": said.decode()})],
        )
        with server().connect() as connection:
            connection.execute(f"DO $$ BEGIN RAISE LOG '{said.decode()}'; END $$")
        stored = storage.save("leak", ContentFile(said))
        for file in (spilled, copy, forgotten):
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(said)
        caches["default"].set("leak", said.decode())
        monkeypatch.setitem(tokens._remembered, PLANTED, None)
        log.logger.info(said.decode())
        found_in = {kind_of(place) for place, content in everything_since(moment) if found(content, planted)}
        found_in |= {"printed"} if found(printed().encode(), planted) else set()
        connections["accounts"].execute("DROP TABLE leak")
        connections["clinical"].execute("DELETE FROM procrastinate_jobs WHERE task_name = 'leak'")
        storage.delete(stored)
        caches["default"].clear()
        for file in (spilled, copy, forgotten):
            file.unlink()
        for each in connections.values():
            each.close()

    assert found_in >= {
        "dump of accounts", "dump of clinical", "base", "pg_wal", "log", copies.name, "leak", "files", "printed",
        "cache chiron.identity.tokens._remembered", "cache Django's default",
    }  # fmt: skip


HOW_MANY = [pytest.param(100, id="100"), pytest.param(1000, id="1000", marks=pytest.mark.stress)]


@pytest.mark.skipif(not settings.EMBEDDED, reason="reads the files of the session's own server")
@pytest.mark.parametrize("how_many", HOW_MANY)
def test_what_was_said_lies_nowhere_in_plaintext(
    how_many: int,
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path: Path,
    printed: Callable[[], str],
    shown: Callable[[str, str], None],
) -> None:
    with django_db_blocker.unblock():
        moment, say, clinic = a_moment_ago(), Words(), make_clinic(None)
        with without_temporary_files():
            while len(say.said) < how_many:
                live_a_day(clinic, tmp_path, say)
        assert seal("clinical", clinic.id) > len(say.said) // 10
        told, clear, size = printed(), list[str](), 0
        leaks: dict[str, list[bytes]] = {}
        for place, content in (*everything_since(moment), ("what was printed", told.encode())):
            leaks |= {place: leaked} if (leaked := found(content)) else {}
            clear += [place] if CLEAR.encode() in content else []
            size += len(content)
        drop_organization(clinic.organization)

    assert leaks == {}
    assert {kind_of(place) for place in clear} >= {"dump of accounts", "dump of clinical", "base", "pg_wal"}
    assert '"route":"api/patients' in told
    assert "broken.json" in told
    shown("E2", f"{len(say.said):,} canaries, {size >> 20} MiB of dumps, write-ahead log, tables, logs, caches, files")
