from typing import Any
from uuid import UUID

import pytest


@pytest.fixture
def clinic(fresh_organization: Any) -> UUID:
    """An organization of its own for the length of one test, so that its trail can be broken."""
    return fresh_organization.id
