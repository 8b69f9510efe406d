"""The ward, in Hilltop."""

from collections.abc import Iterator
from typing import Any

import pytest

from chiron.records.tests.factories import Ward, make_ward
from chiron.tenancy.public import inside


@pytest.fixture
def ward(hilltop: Any) -> Iterator[Ward]:
    with inside(hilltop.id):
        yield make_ward(hilltop.id)
