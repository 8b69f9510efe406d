"""What a server makes sure of when it starts, and what happens around each request from then on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries

from chiron.screening.model.tests.factories import bundle_in
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


def test_a_model_that_was_changed_stops_the_start(tmp_path: Path, settings: Any) -> None:
    settings.BUNDLES_DIR = tmp_path
    place = tmp_path / bundle_in(tmp_path / "made").content_hash
    (tmp_path / "made").rename(place)
    startup.refuse_changed_bundles()
    file = place / "bundle.json"
    file.write_text(file.read_text().replace('"deficient":0.3', '"deficient":0.2'))

    with pytest.raises(ImproperlyConfigured, match=f"Models were changed:\n- {place.name} was changed"):
        startup.refuse_changed_bundles()


def test_the_server_looks_at_its_models_before_the_first_request() -> None:
    assert "\nrefuse_changed_bundles()\n" in Path("config/wsgi.py").read_text()
