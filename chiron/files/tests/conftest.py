"""Inside Hilltop, with its safe."""

import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.test import override_settings

from chiron.files.tests.stores import free_port, s3
from chiron.tenancy.public import inside
from chiron.vault.public import Safe, organization_safe


@pytest.fixture
def safe(hilltop: Any) -> Iterator[Safe]:
    """Hilltop's safe; the transaction is Hilltop's, too."""
    with inside(hilltop.id):
        yield organization_safe(hilltop.id)


@pytest.fixture
def dead_storage() -> Callable[[], AbstractContextManager[None]]:
    """The storage out of reach, for the length of a block."""

    @contextmanager
    def dead() -> Iterator[None]:
        with override_settings(STORAGES={"sealed": s3(free_port())}), warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            yield

    return dead


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield int(listener.getsockname()[1])
