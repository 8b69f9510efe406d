"""What a server makes sure of when it starts, and what happens around each request from then on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import SystemCheckError
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


@pytest.fixture
def place(tmp_path: Path, settings: Any) -> Path:
    """A site's own model, where it lies."""
    settings.BUNDLES_DIR = tmp_path / "bundles"
    settings.BUNDLES_DIR.mkdir()
    place: Path = settings.BUNDLES_DIR / bundle_in(tmp_path / "made").content_hash
    (tmp_path / "made").rename(place)
    return place


def alter(place: Path) -> None:
    file = place / "bundle.json"
    file.write_text(file.read_text().replace('"deficient":0.3', '"deficient":0.2'))


def test_a_model_that_was_changed_stops_the_start(place: Path) -> None:
    startup.refuse_changed_bundles()
    alter(place)

    with pytest.raises(ImproperlyConfigured, match=f"Models were changed:\n- {place.name} was changed"):
        startup.refuse_changed_bundles()


@pytest.mark.parametrize("name", ["serve", "worker", "demo"])
def test_no_command_that_answers_or_works_begins_with_a_model_that_was_changed(
    name: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alter(place)
    command = load_command_class(get_commands()[name], name)
    monkeypatch.setattr(command, "handle", lambda *_, **__: pytest.fail("it began"))

    with pytest.raises(SystemCheckError) as refused:
        call_command(command, skip_checks=False)

    assert f"(chiron.E003) {place.name} was changed" in str(refused.value)
    assert "HINT: Put it back as it was, or remove its folder." in str(refused.value)


def test_the_check_says_which_model_was_changed(place: Path) -> None:
    call_command("check")
    alter(place)

    with pytest.raises(SystemCheckError, match=rf"\(chiron.E003\) {place.name} was changed"):
        call_command("check")


@pytest.mark.parametrize("name", ["backup", "restore", "migrate", "doctor"])
def test_what_mends_an_installation_works_with_a_model_that_was_changed(name: str) -> None:
    assert load_command_class(get_commands()[name], name).requires_system_checks == []


def test_the_server_looks_at_its_models_before_the_first_request() -> None:
    assert "\nrefuse_changed_bundles()\n" in Path("config/wsgi.py").read_text()
