"""One world for all tests of a module, since it takes longer to make than to ask; what a test does to it is undone."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.apart import auth_service
from tests.matrix.world import World, build, undone
from tests.town import the_town


@pytest.fixture(scope="module")
def standing(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Everybody and everything, until the module's last test."""
    with django_db_blocker.unblock(), undone():
        yield build(the_town())


@pytest.fixture(scope="session")
def auth_service_url(django_db_setup: None) -> Iterator[str]:
    """An auth service in a process of its own."""
    with auth_service() as served:
        yield f"http://127.0.0.1:{served.port}"


@pytest.fixture
def world(standing: World) -> World:
    """Everybody and everything, for one test; they call with a header, until it is said otherwise."""
    standing.renew()
    return standing
