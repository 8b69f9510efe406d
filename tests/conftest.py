"""One world for all tests of a module, since it takes longer to make than to ask; what a test does to it is undone."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.matrix.world import World


@pytest.fixture(scope="module")
def standing(django_db_setup: None, django_db_blocker: Any) -> "Iterator[World]":
    """Everybody and everything, until the module's last test."""
    from tests.matrix.world import build, undone
    from tests.town import the_town

    with django_db_blocker.unblock(), undone():
        yield build(the_town())


@pytest.fixture
def world(standing: "World") -> "World":
    """Everybody and everything, for one test; they call with a header, until it is said otherwise."""
    standing.renew()
    return standing
