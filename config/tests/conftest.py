"""What the tests of composition share."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chiron.audit.public import seal
from chiron.tenancy.public import all_organizations
from config import health


def seal_everything() -> None:
    """Leave no event of any trail unsealed."""
    seal("accounts", None)
    for organization in all_organizations():
        seal("clinical", organization.id)


@pytest.fixture
def sealed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Committed transactions are allowed, no trail has an unsealed event, and jobs that other tests left may wait."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patched:
        patched.setattr(health, "LONGEST_WAIT_FOR_A_WORKER", timedelta.max)
        seal_everything()
        yield
