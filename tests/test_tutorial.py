"""The tutorial is a transcript: its commands still run, and say what stands below them."""

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from chiron.postgres.home import Home
from chiron.postgres.server import Server
from scripts.tutorial import commands_in, run, with_outputs

PAGES = sorted((settings.BASE_DIR / "docs" / "tutorials").glob("*.md"))
OWN_TO_EACH_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+ (events?|leaves|leaf|heads?|cop(y|ies))\b")


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder that root's PostgreSQL reaches."""
    above = Path(tempfile.mkdtemp(prefix="chiron-tutorial-"))
    above.chmod(0o755)
    yield above / "home"
    Server(Home(above / "home")).stop()
    shutil.rmtree(above)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tutorial calls the API with curl")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_tutorial_says_what_it_says_there(page: Path, home: Path) -> None:
    text = page.read_text()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = {"PATH": os.environ["PATH"], "HOME": str(home.parent), "CHIRON_HOME": str(home), "LANG": "C.UTF-8"}

    outputs = run([each.replace("8000", port) for each in commands_in(text)], settings.BASE_DIR, environment)

    said = with_outputs(text, [output.replace(port, "8000") for output in outputs])
    assert OWN_TO_EACH_RUN.sub("…", said) == OWN_TO_EACH_RUN.sub("…", text)
