from collections.abc import Iterator

import pytest

from chiron.identity.directory import by_domain, by_slug
from chiron.identity.revocations import revocations


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """What a test took back or named was rolled back with it, so the process must not remember it."""
    yield
    revocations.take_effect()
    by_slug.forget()
    by_domain.forget()
