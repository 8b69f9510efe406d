from typing import Any
from uuid import UUID

import pytest


@pytest.fixture
def clinic(fresh_organization: Any) -> UUID:
    """An organization of its own for the length of one test, so that its trail can be broken."""
    organization_id: UUID = fresh_organization.id
    return organization_id
