"""What tests of leaks listen to."""

import sys
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from chiron.kernel import log


@pytest.fixture
def our_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """What this process logs and prints, from now on."""
    said, before = StringIO(), structlog.get_config()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", said)
        patched.setattr(sys, "stdout", said)
        log.configure()
        yield said
    structlog.configure(**before)
