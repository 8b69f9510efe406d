"""Erasure is final: not live, not in files, and not in an older backup that is restored (E4)."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from chiron.audit.public import seal, verify
from chiron.identity.public import Role
from chiron.jobs.models import Waiting
from chiron.kernel.clock import now
from chiron.operations.replaying import is_pending, replay
from chiron.registry.tasks import finish_erasure
from chiron.tenancy.public import inside
from config.startup import refuse_the_erased
from tests.erasure.backups import backup, restore
from tests.erasure.people import Known, live
from tests.erasure.scanning import Everything, everything
from tests.town import Clinic, drop_organization, make_clinic, renew_tokens

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="uses the programs of the session's own server")
SIZES = [pytest.param((4, 1), id="4 patients"), pytest.param((60, 12), marks=pytest.mark.stress, id="60 patients")]


@pytest.fixture
def clinic(django_db_setup: None, django_db_blocker: Any) -> Iterator[Clinic]:
    with django_db_blocker.unblock():
        made = make_clinic(None)
        yield made
        Waiting.objects.filter(organization_id=made.id).delete()
        drop_organization(made.organization)


def erase(clinic: Clinic, known: Known) -> None:
    """As an administrator does it, and what the worker does a moment later."""
    renew_tokens(clinic)
    path = f"/api/patients/{known.id}/erase"
    answer = clinic.client(Role.ADMIN).post(path, {"reason": "Asked for in writing"}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    with inside(clinic.id):
        finish_erasure(patient_id=known.id)


def answers(clinic: Clinic, known: Known) -> set[int]:
    """How every door to the patient answers, for who sees everything and for who cared for them."""
    renew_tokens(clinic)
    paths = [
        f"/api/patients/{known.id}", f"/api/patients/{known.id}/assignments", f"/api/records?patient={known.id}",
        *(f"/api/records/{each}{leaf}" for each in (known.record_id, known.signed_id) for leaf in ("", "/versions")),
        f"/api/records/{known.record_id}/annotations", f"/api/records/{known.record_id}/attachments",
        f"/api/records/{known.signed_id}/signature", f"/api/attachments/{known.attachment_id}",
    ]  # fmt: skip
    return {clinic.client(role).get(path).status_code for role in (Role.ADMIN, Role.DOCTOR) for path in paths}


def listed(clinic: Clinic) -> str:
    """All lists and searches that could still name somebody."""
    renew_tokens(clinic)
    admin, doctor = clinic.client(Role.ADMIN), clinic.client(Role.DOCTOR)
    lists = [
        "/api/patients", "/api/records", "/api/audit", "/api/break-glass", "/api/claims", "/api/patients/duplicates",
        "/api/memberships", "/api/users/patients",
    ]  # fmt: skip
    got = [admin.get(path, {"limit": 200}) for path in lists]
    got += [doctor.get(path, {"limit": 200}) for path in ("/api/patients", "/api/records", "/api/doctors/my_patients")]
    assert {answer.status_code for answer in got} == {200}, [answer.content for answer in got]
    return "\n".join(answer.content.decode() for answer in got).lower()


def assert_gone(clinic: Clinic, erased: list[Known], others: list[Known]) -> Everything:
    """Nothing of the erased is read anywhere, everything of the others is."""
    found, shown = everything(clinic), listed(clinic)
    assert [found.holds(known.words) for known in erased] == [[]] * len(erased)
    assert [word for known in erased for word in known.words if word.lower() in shown] == []
    assert [answers(clinic, known) for known in erased] == [{404}] * len(erased)
    assert [found.holds(known.words) for known in others] == [list(known.words) for known in others]
    assert [answers(clinic, known) for known in others] == [{200}] * len(others)
    assert found.failed == 0
    return found


@pytest.mark.parametrize("numbers", SIZES)
def test_an_erased_patient_is_gone_and_no_backup_brings_them_back(clinic: Clinic, numbers: Any, shown: Any) -> None:
    people = [live(clinic, number) for number in range(numbers[0])]
    erased, others = people[: numbers[1]], people[numbers[1] :]
    seal("clinical", clinic.id)
    before = everything(clinic)
    assert [before.holds(known.words) for known in people] == [list(known.words) for known in people]
    dumps = {alias: backup(alias) for alias in ("clinical", "accounts")}

    for known in erased:
        erase(clinic, known)

    live_scan = assert_gone(clinic, erased, others)
    assert live_scan.erased > 0
    opened = []
    for aliases in (["clinical"], ["accounts"], ["clinical", "accounts"]):
        for alias in aliases:
            restore(alias, dumps[alias])
        assert is_pending()
        with pytest.raises(ImproperlyConfigured, match="erasures replay"):
            refuse_the_erased()
        replay(now=now())
        assert not is_pending()
        refuse_the_erased()
        opened.append(assert_gone(clinic, erased, others).opened)
    seal("clinical", clinic.id)
    report = verify(clinic.id, now=now())
    assert report.is_intact, report.findings
    shown(
        "E4",
        f"{len(erased)} of {len(people)} patients erased; of {before.opened:,} values that opened before, "
        f"0 of theirs opened live or after 3 restores of older backups, all others did; the audit trail verified",
    )


def test_replaying_where_nothing_was_restored_does_nothing(clinic: Clinic, capsys: Any) -> None:
    known = live(clinic, 7)
    erase(clinic, known)

    call_command("erasures", "replay", "--files")
    call_command("erasures", "status")

    assert capsys.readouterr().out.splitlines()[-3:] == [
        "0 lines restored to the ledger, 0 patients and 0 organizations erased again",
        "0 parts of files removed",
        "Nothing waits to be erased again.",
    ]
