"""The master key at AWS KMS: bound to a place, refused at start when out of reach, and a 503 while it is away."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured

from chiron.kernel.problems import respond
from chiron.vault.envelope import key_id_of, place
from chiron.vault.errors import MasterKeyUnavailable, OpeningFailed
from chiron.vault.keyring import create_organization_key, forget_keys, keyring_of
from chiron.vault.kms import KmsMasterKey
from chiron.vault.legacy import open_legacy
from chiron.vault.master import _kms, master_key, prove_master_key
from chiron.vault.models import OrganizationKey
from chiron.vault.tests.kms import Kms, kms_running
from chiron.vault.tests.test_master import START

HERE, ELSEWHERE = place("Hilltop"), place("Riverside")


@pytest.fixture(scope="module")
def kms() -> Iterator[Kms]:
    with kms_running() as kms:
        yield kms


@pytest.fixture
def at_kms(kms: Kms, settings: Any) -> Kms:
    """This process takes its master key from there; the one of the environment is a previous key."""
    _kms.cache_clear()
    settings.KMS_KEY_ID, settings.KMS_ENDPOINT_URL = kms.key_id, kms.endpoint
    return kms


def test_kms_wraps_a_key_for_one_place(kms: Kms) -> None:
    master = KmsMasterKey(kms.key_id, kms.endpoint)
    wrapped = master.wrap(b"k" * 32, HERE)

    assert (master.unwrap(wrapped, HERE), key_id_of(wrapped)) == (b"k" * 32, master.id)
    assert b"k" * 8 not in wrapped
    altered = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    for broken, at in ((wrapped, ELSEWHERE), (altered, HERE)):
        with pytest.raises(OpeningFailed):
            master.unwrap(broken, at)


def test_a_key_has_one_id_whatever_it_is_called_and_another_key_another(kms: Kms) -> None:
    arn = f"arn:aws:kms:us-east-1:123456789012:key/{kms.key_id}"

    ids = [KmsMasterKey(name, kms.endpoint).id for name in (kms.key_id, arn, kms.new_key())]

    assert ids[0] == ids[1] != ids[2]


@pytest.mark.django_db(databases=["accounts"])
def test_keys_of_organizations_are_wrapped_by_kms(at_kms: Kms) -> None:
    forget_keys()
    organization_id = uuid4()

    create_organization_key(organization_id)

    row = OrganizationKey.objects.get(organization_id=organization_id)
    assert key_id_of(bytes(row.wrapped)) == master_key().id
    assert keyring_of(organization_id).newest == row.id
    forget_keys()


def test_kms_alone_opens_nothing_that_older_systems_sealed(at_kms: Kms, settings: Any) -> None:
    settings.MASTER_ENCRYPTION_KEY = ""

    with pytest.raises(OpeningFailed):
        open_legacy("gAAAAAB")


@pytest.mark.django_db(databases=["accounts"])
def test_while_kms_is_away_what_is_open_stays_open_and_the_rest_is_a_503_until_it_is_back(
    at_kms: Kms, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chiron.vault.kms.BELIEVED_DOWN", 0.0)
    forget_keys()
    known, unknown, refused = uuid4(), uuid4(), uuid4()
    with django_capture_on_commit_callbacks(using="accounts", execute=True):
        create_organization_key(known)
        create_organization_key(unknown)
        keyring_of(known)

    at_kms.stop()
    try:
        opened = keyring_of(known)
        with pytest.raises(MasterKeyUnavailable) as away:
            keyring_of(unknown)
        with pytest.raises(MasterKeyUnavailable):
            create_organization_key(refused)
    finally:
        at_kms.start()

    answer = respond(away.value)
    assert (answer.status_code, answer.headers["Retry-After"], opened.newest) == (503, "1", keyring_of(known).newest)
    assert not OrganizationKey.objects.filter(organization_id=refused).exists()
    assert keyring_of(unknown).newest == OrganizationKey.objects.get(organization_id=unknown).id
    forget_keys()


def test_no_process_starts_while_kms_is_out_of_reach(
    kms: Kms, tmp_path: Any, shown: Callable[[str, str], None]
) -> None:
    running = start(kms.environment)
    kms.stop()
    try:
        begun = time.monotonic()
        stopped = start(kms.environment)
        seconds = time.monotonic() - begun
    finally:
        kms.start()

    assert (running.returncode, running.stdout) == (0, "started\n"), running.stderr
    assert (stopped.returncode, "started" in stopped.stdout) == (1, False)
    assert "The master key that KMS_KEY_ID names cannot be used (EndpointConnectionError)" in stopped.stderr
    assert seconds < 10
    shown("R7", f"with the KMS of the master key out of reach a process refuses to start, in {seconds:.1f} s")


def start(environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    names = ("KMS_KEY_ID", "KMS_ENDPOINT_URL")
    setting = ", ".join(f"{name}={environment[name]!r}" for name in names)
    return subprocess.run(
        [sys.executable, "-c", START.format(setting=setting)], env=environment, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip


def test_a_key_that_is_not_there_or_not_for_us_stops_the_start_by_name(at_kms: Kms, settings: Any) -> None:
    settings.KMS_KEY_ID = str(uuid4())

    with pytest.raises(ImproperlyConfigured, match=r"cannot be used \(NotFoundException\).*encrypt and decrypt"):
        prove_master_key()


def test_a_silent_kms_is_given_up_within_ten_seconds_and_not_asked_again_at_once(kms: Kms) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        master = KmsMasterKey(kms.key_id, f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        for _ in range(2):
            with pytest.raises(MasterKeyUnavailable):
                master.unwrap(b"", HERE)

        assert time.monotonic() - begun < 10
