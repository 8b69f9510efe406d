"""What a process keeps, where files lie, what limits are counted under: each carries the organization (TEN-05).

Jobs: `chiron/jobs/tests/test_enqueueing.py`. Stored answers: `chiron/idempotency/tests/test_answering.py`.

A cache that is not named here fails the suite, so that none is added unwatched.
"""

import importlib
import pkgutil
from collections.abc import Collection
from typing import Any
from uuid import UUID

import pytest

import chiron
import config
from chiron.files.storage import folder_of
from chiron.identity.limits import take
from chiron.kernel.clock import now
from chiron.kernel.errors import TooManyRequests
from chiron.kernel.ids import new_id
from chiron.vault.keyring import keyring_of
from chiron.vault.models import PatientKey
from chiron.vault.wrapped import WrappedKeys
from tests.caches import NOT_OURS, held
from tests.town import Clinic

CARRY_THE_ORGANIZATION = {
    "chiron.audit.signing._derived": "keyed by the trail, whose name is the organization's id",
    "chiron.audit.signing._signer": "the same",
    "chiron.identity.directory.by_domain": "says which organization a name is of",
    "chiron.identity.directory.by_slug": "the same",
    "chiron.identity.revocations.revocations": "ids that are unique everywhere",
    "chiron.identity.tokens._remembered": "keyed by the whole token, which names the organization",
    "chiron.notifications.streams.streams": "keyed by organization and account",
    "chiron.vault.keyring._remembered": "keyed by the organization",
    "chiron.vault.wrapped.wrapped_keys": "keyed by organization and patient",
}
HOLD_NOTHING_OF_ANY = {
    "chiron.audit.wire._second": "a second, as text",
    "chiron.identity.elsewhere.auth_service": "the client of the auth service",
    "chiron.identity.keys.key_of": "the platform's keys",
    "chiron.identity.limits._read": "the settings' limits",
    "chiron.identity.passwords._nobodys": "the hash of nobody's password",
    "chiron.operations.metrics.watch": "how long the sealer is behind",
    "chiron.operations.processes._flags": "whether this process leaves",
    "chiron.operations.processes._folders": "where processes count",
    "chiron.postgres.at_commit._insertion": "the text of a statement",
    "chiron.records.queries._beginning_of_timeline": "the text of a statement, keyed by scope and length",
    "chiron.records.ucum._parsed": "units of measure",
    "chiron.records.ucum._parser": "the grammar of units",
    "chiron.records.ucum._table": "the same",
    "chiron.registry.erasing.what_belongs_to_patients": "names of tables",
    "chiron.screening.shelf._attempt": "models, by their hash",
    "chiron.screening.shelf._bundle": "models, by their hash",
    "chiron.screening.model.shapley.coalitions": "coefficients",
    "chiron.screening.texts._read": "sentences of ours",
    "chiron.tenancy.cache.rest": "whether the shared cache's server failed just now",
    "chiron.tenancy.readiness.migrations_of_this_version": "names of migrations",
    "chiron.vault.master._from_text": "the master key",
    "chiron.vault.master._kms": "the same",
    "config.api.api": "the operations",
    "config.health.watch": "whether the databases answer",
}

THAT_START = ("config.asgi", "config.live", "config.wsgi")
"""Modules that begin to serve when they are imported."""


def test_every_cache_is_known_and_carries_the_organization_or_holds_nothing_of_one() -> None:
    for package in (chiron, config):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not any(part in module.name for part in (*NOT_OURS, *THAT_START)):
                importlib.import_module(module.name)

    assert {name for name, _ in held()} == CARRY_THE_ORGANIZATION.keys() | HOLD_NOTHING_OF_ANY.keys()


def test_keys_that_are_remembered_are_found_by_their_own_organization_only(hilltop: Clinic, riverside: Clinic) -> None:
    asked: list[UUID] = []

    def read(organization_id: UUID, ids: Collection[UUID]) -> list[PatientKey]:
        asked.append(organization_id)
        return [PatientKey(organization_id=organization_id, patient_id=id) for id in ids]

    keys = WrappedKeys(read, lambda: 0.0)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("chiron.vault.wrapped.in_transaction", lambda alias: False)
        found = [keys.of(clinic.id, [hilltop.patient_id]) for clinic in (hilltop, riverside, hilltop)]

    assert [key.organization_id for [key] in found] == [hilltop.id, riverside.id, hilltop.id]
    assert asked == [hilltop.id, riverside.id]
    assert keyring_of(hilltop.id).newest != keyring_of(riverside.id).newest


def test_a_file_lies_below_its_organization(hilltop: Clinic) -> None:
    file_id = new_id()

    assert folder_of(hilltop.id, file_id) == f"{hilltop.id.hex}/{file_id.hex}"


def test_what_one_organization_spends_the_other_has_still(hilltop: Clinic, riverside: Clinic, settings: Any) -> None:
    settings.RATE_LIMITS, moment = "register.organization=1/60", now()
    take("register.organization", hilltop.id, moment)

    with pytest.raises(TooManyRequests):
        take("register.organization", hilltop.id, moment)
    take("register.organization", riverside.id, moment)
