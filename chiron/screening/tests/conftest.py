from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chiron.screening import shelf
from chiron.screening.model.bundles import Bundle
from chiron.screening.tests.bundles import put


@pytest.fixture
def shelved(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """An empty folder for the site's bundles."""
    settings.BUNDLES_DIR = tmp_path
    yield tmp_path
    shelf._bundle.cache_clear()
    shelf._attempt.cache_clear()


@pytest.fixture
def bundle(shelved: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """The bundle by hand, as if it were the one that is shipped."""
    made = put(shelved)
    monkeypatch.setattr("chiron.screening.standings.reference_bundle", lambda: shelf.bundle_for(made.content_hash))
    return made
