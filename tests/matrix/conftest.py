"""One world for all tests of a module, since it takes longer to make than to ask; what a test does to it is undone."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.apart import auth_service_of_this_process
from tests.matrix.world import World, build, undone
from tests.town import the_town


@pytest.fixture(scope="module")
def standing(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Everybody and everything, until the module's last test."""
    with django_db_blocker.unblock(), undone():
        yield build(the_town())


@pytest.fixture(scope="module")
def auth_service_url(standing: World) -> Iterator[str]:
    """An auth service on a port of its own, which sees what was not committed."""
    with auth_service_of_this_process() as url:
        yield url


@pytest.fixture
def world(standing: World) -> World:
    """Everybody and everything, for one test; they call with a header, until it is said otherwise."""
    standing.renew()
    return standing
