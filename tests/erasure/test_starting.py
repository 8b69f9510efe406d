"""Nothing is served, and no job done, while a database holds somebody who was erased."""

import multiprocessing
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from chiron.identity.public import Role
from chiron.jobs.management.commands import worker as worker_command
from chiron.operations import serving
from chiron.operations.replaying import is_pending
from chiron.registry.models import Patient
from chiron.registry.tests.factories import call, registered
from chiron.tenancy.public import inside
from chiron.vault import ledger_copy
from chiron.vault.models import PatientKey
from chiron.vault.public import KeyDestroyed, forget_keys, patient_safe
from config.startup import refuse_the_erased
from tests.town import Clinic


@pytest.fixture
def brought_back(lakeside: Clinic) -> UUID:
    """An erased patient whose key and row an operator has put back, as a restored backup would."""
    patient_id = UUID(registered(lakeside, Role.ADMIN)["id"])
    key = PatientKey.objects.get(patient_id=patient_id)
    with inside(lakeside.id):
        row = Patient.objects.get(id=patient_id)
    reason = {"reason": "Asked for in writing"}
    assert call(lakeside.client(Role.ADMIN), "post", f"/patients/{patient_id}/erase", reason).status_code == 200
    PatientKey.objects.filter(patient_id=patient_id).update(wrapped=key.wrapped, destroyed_at=None)
    with inside(lakeside.id):
        row.save(force_update=True)
    forget_keys()
    patient_safe(lakeside.id, patient_id)
    return patient_id


class Stopped(Exception):
    pass


def stop_where_it_would_begin(*_: Any, **__: Any) -> None:
    """In the place of what serves or works: says whether the erased are erased by then."""
    raise Stopped(is_pending())


def test_serve_erases_again_before_anything_of_it_begins(
    lakeside: Clinic, brought_back: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Sealer", "Worker", "Granian"):
        monkeypatch.setattr(serving, name, stop_where_it_would_begin)
    monkeypatch.setattr(multiprocessing, "set_start_method", lambda *_, **__: None)

    with pytest.raises(Stopped) as stopped:
        serving.serve("127.0.0.1", 0, 1)

    assert stopped.value.args == (False,)
    with pytest.raises(KeyDestroyed):
        patient_safe(lakeside.id, brought_back)
    with inside(lakeside.id):
        assert Patient.objects.get(id=brought_back).birth_date is None


def test_a_worker_erases_again_before_its_first_job(brought_back: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_command, "Worker", stop_where_it_would_begin)

    with pytest.raises(Stopped) as stopped:
        call_command("worker")

    assert stopped.value.args == (False,)


def test_another_server_refuses_to_start_and_says_what_to_do(brought_back: UUID) -> None:
    with pytest.raises(ImproperlyConfigured, match="chiron erasures replay"):
        refuse_the_erased()
    with pytest.raises(SystemExit):
        call_command("erasures", "status")

    call_command("erasures", "replay")

    refuse_the_erased()
    call_command("erasures", "status")


def test_nothing_starts_on_a_ledger_that_was_tampered_with(brought_back: UUID) -> None:
    whole = ledger_copy.path().read_bytes()
    try:
        ledger_copy.path().write_bytes(whole.replace(str(brought_back).encode(), str(UUID(int=7)).encode()))

        with pytest.raises(CommandError, match="does not fit its signatures"):
            call_command("erasures", "replay")
        with pytest.raises(ImproperlyConfigured, match="does not fit its signatures"):
            refuse_the_erased()
    finally:
        ledger_copy.path().write_bytes(whole)
    call_command("erasures", "replay")
