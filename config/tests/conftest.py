"""What the tests of composition share."""

from collections.abc import Iterator
from typing import Any

import pytest

from chiron.audit.public import seal
from chiron.tenancy.public import all_organizations


def seal_everything() -> None:
    """Leave no event of any trail unsealed."""
    seal("accounts", None)
    for organization in all_organizations():
        seal("clinical", organization.id)


@pytest.fixture
def sealed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Committed transactions are allowed, and no trail has an unsealed event."""
    with django_db_blocker.unblock():
        seal_everything()
        yield
