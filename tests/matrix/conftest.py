"""An auth service apart, for the tests that call by it."""

from collections.abc import Iterator

import pytest

from tests.apart import auth_service_of_this_process
from tests.matrix.world import World


@pytest.fixture(scope="module")
def auth_service_url(standing: World) -> Iterator[str]:
    """An auth service on a port of its own, which sees what was not committed."""
    with auth_service_of_this_process() as url:
        yield url
