"""No name, number or note in plaintext at rest: not in a dump, not in the write-ahead log, not in any log (E2)."""

import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from chiron.kernel import log
from chiron.tenancy.public import schema_of
from tests.canary.life import live_a_day
from tests.canary.needles import EVERY, found
from tests.canary.places import dumps, server_logs, stored_files, write_ahead_position, write_ahead_since
from tests.town import drop_organization, make_clinic


@pytest.fixture
def our_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """What this process logs and prints, from now on."""
    said = StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", said)
        patched.setattr(sys, "stdout", said)
        log.configure()
        yield said
    log.configure()


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


@pytest.mark.skipif(not settings.EMBEDDED, reason="reads the files of the session's own server")
def test_what_was_said_in_a_day_lies_nowhere_in_plaintext(
    django_db_setup: None, django_db_blocker: Any, tmp_path: Path, our_log: StringIO, capfd: Any
) -> None:
    with django_db_blocker.unblock():
        since = write_ahead_position()
        clinic = make_clinic(None)
        with without_temporary_files():
            live_a_day(clinic, tmp_path)
        places = {
            **{f"dump of {alias}": content for alias, content in dumps()},
            **{f"wal {name}": content for name, content in write_ahead_since(since)},
            **{f"server's log {name}": content for name, content in server_logs()},
            **{f"stored {name}": content for name, content in stored_files()},
            "our log": our_log.getvalue().encode(),
            "what was printed": "".join(capfd.readouterr()).encode(),
        }
        schema = schema_of(clinic.id).encode()
        drop_organization(clinic.organization)

    leaks = {place: found(content) for place, content in places.items()}
    assert {place: forms for place, forms in leaks.items() if forms} == {}
    in_clear = clinic.organization.slug.encode()
    assert in_clear in places["dump of accounts"]
    assert any(in_clear in content for place, content in places.items() if place.startswith("wal "))
    assert schema in places["dump of clinical"]
    assert "stored 000001" in places
    assert b"broken.json" in places["what was printed"]
    assert b'"route":"api/patients' in places["our log"]
