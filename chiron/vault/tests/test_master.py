import base64
import subprocess
import sys
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from chiron.vault.envelope import place
from chiron.vault.errors import OpeningFailed
from chiron.vault.legacy import open_legacy
from chiron.vault.master import EnvironmentMasterKey, master_key

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
NO_KEYS = ["", None, "secret", KEY[:-4], KEY + "AAAA", "ключ", "*" * 44, base64.urlsafe_b64encode(bytes(31)).decode()]
START = """
from django.conf import settings
settings.configure(INSTALLED_APPS=["chiron.vault.apps.Vault"], DATABASES={{"default": {{}}}}, {setting})
import django
django.setup()
print("started")
"""


@pytest.mark.parametrize("key", NO_KEYS)
def test_no_process_starts_without_a_master_key(settings: Any, key: str | None) -> None:
    settings.MASTER_ENCRYPTION_KEY = key

    with pytest.raises(ImproperlyConfigured, match="Set MASTER_ENCRYPTION_KEY to a Fernet key") as refusal:
        apps.get_app_config("vault").ready()

    assert not key or key not in str(refusal.value)
    with pytest.raises(ImproperlyConfigured):
        master_key()
    with pytest.raises(ImproperlyConfigured):
        open_legacy("gAAAAAB")


@pytest.mark.parametrize(("setting", "started"), [("", False), (f"MASTER_ENCRYPTION_KEY={KEY!r}", True)])
def test_a_real_process_starts_only_with_a_key(setting: str, started: bool) -> None:
    run = subprocess.run(
        [sys.executable, "-c", START.format(setting=setting)], capture_output=True, text=True, check=False
    )

    assert (run.returncode == 0, "started" in run.stdout) == (started, started)
    assert ("Set MASTER_ENCRYPTION_KEY" in run.stderr) == (not started)


def test_the_master_key_wraps_a_key_for_one_place() -> None:
    master = EnvironmentMasterKey(bytes(range(32)))
    wrapped = master.wrap(b"k" * 32, place("Hilltop"))

    assert master.unwrap(wrapped, place("Hilltop")) == b"k" * 32
    assert b"k" * 8 not in wrapped
    for opening, at in ((master, "Riverside"), (EnvironmentMasterKey(bytes(32)), "Hilltop")):
        with pytest.raises(OpeningFailed):
            opening.unwrap(wrapped, place(at))


def test_the_id_of_a_master_key_follows_from_it_and_does_not_tell_it() -> None:
    master = EnvironmentMasterKey(bytes(range(32)))

    assert master.id == EnvironmentMasterKey(bytes(range(32))).id != EnvironmentMasterKey(bytes(32)).id
    assert master.id.bytes not in bytes(range(32))


def test_a_value_of_an_older_system_is_read(settings: Any) -> None:
    settings.MASTER_ENCRYPTION_KEY = KEY
    token = Fernet(KEY).encrypt("Kofi Núñez".encode())

    assert open_legacy(token) == open_legacy(token.decode()) == "Kofi Núñez"


@pytest.mark.parametrize(
    "token",
    ["", "Kofi", b"\xff", Fernet(Fernet.generate_key()).encrypt(b"Kofi"), Fernet(KEY).encrypt(b"\xff")],
    ids=["empty", "a name", "a byte", "another key's", "no text"],
)
def test_what_is_not_a_value_of_an_older_system_is_never_returned(settings: Any, token: str | bytes) -> None:
    settings.MASTER_ENCRYPTION_KEY = KEY

    with pytest.raises(OpeningFailed):
        open_legacy(token)
