"""What happens around each request once a server has started."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries

from config import startup


@pytest.fixture
def started() -> Iterator[None]:
    """A process that serves, for as long as the test lasts."""
    startup.once_per_request()
    yield
    request_started.connect(close_old_connections)
    request_started.connect(reset_queries)


def receivers(signal: Any) -> list[Any]:
    return [receive for _, receive, *_ in signal.receivers]


def test_connections_are_looked_through_once_for_each_request(started: None) -> None:
    begin, end = ({reference() for reference in receivers(signal)} for signal in (request_started, request_finished))

    assert close_old_connections in end
    assert not {close_old_connections, reset_queries} & begin
