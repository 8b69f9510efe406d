"""What both kinds of runs share."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from tests.matrix.world import World, build


@pytest.fixture
def world(town: Any) -> Iterator[World]:
    """Everybody and everything; requests keep the connection in whose transaction they are, as Django's client does."""
    world = build(town)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield world
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
