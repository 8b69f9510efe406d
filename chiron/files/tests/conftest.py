"""Inside Hilltop, with its safe."""

from collections.abc import Iterator
from typing import Any

import pytest

from chiron.tenancy.public import inside
from chiron.vault.public import Safe, organization_safe


@pytest.fixture
def safe(hilltop: Any) -> Iterator[Safe]:
    """Hilltop's safe; the transaction is Hilltop's, too."""
    with inside(hilltop.id):
        yield organization_safe(hilltop.id)
