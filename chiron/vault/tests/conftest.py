"""Tests of the vault forget keys and change the master key; what the process remembered before is remembered after."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from chiron.vault import keyring


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Put the remembered keyrings back."""
    with patch.dict(keyring._remembered):
        yield
