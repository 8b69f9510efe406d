"""What `serve` makes sure of before anything of it begins."""

from typing import Any

import pytest
from cryptography.fernet import Fernet

from chiron.operations import serving
from chiron.vault.public import forget_keys


def test_it_does_not_start_with_a_master_key_that_opens_nothing(
    town: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    for name in ("Sealer", "Worker", "Granian", "replay"):
        monkeypatch.setattr(serving, name, lambda *_, name=name, **__: begun.append(name))
    settings.MASTER_ENCRYPTION_KEY = Fernet.generate_key().decode()
    forget_keys()

    with pytest.raises(serving.ForeignMasterKey, match="another master key"):
        serving.serve("127.0.0.1", 0, 1)

    assert begun == []
