"""What both kinds of runs share."""

from typing import Any

import pytest

from tests.matrix.world import World, build


@pytest.fixture
def world(town: Any) -> World:
    """Everybody and everything."""
    return build(town)
