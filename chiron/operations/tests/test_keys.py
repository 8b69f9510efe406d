"""`keys rotate` and `keys status`, one process at a time; test_keys_turned kills them while others work."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import CommandError

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import NotPermitted
from chiron.kernel.ids import NIL
from chiron.operations.keys import rotate_master
from chiron.operations.management.commands import keys
from chiron.operations.tests.turning import fill, left_behind, sealed_values, shut
from chiron.records.models import Record, Signature
from chiron.tenancy.public import inside
from chiron.vault import settling
from chiron.vault.envelope import key_id_of
from chiron.vault.models import OrganizationKey, PatientKey
from chiron.vault.public import OpeningFailed, destroy_patient_key, forget_keys, key_states, patient_safe
from chiron.vault.tests.kms import kms_running
from tests.town import Clinic, drop_organization, make_organization, remember_keys
from tests.waiting import until

SEALED = {
    "files_file", "idempotency_answer", "records_anchor", "records_annotation", "records_attachment", "records_record",
    "records_recordversion", "records_signature", "registry_department", "registry_identifier", "registry_patient",
    "registry_provider",
}  # fmt: skip


@pytest.fixture
def clinic(lakeside: Clinic, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A clinic that is filled; nobody else uses it, so nobody has to be waited for."""
    monkeypatch.setattr(settling, "SETTLED", 0.0)
    fill(lakeside, patients=1)
    return lakeside


def rotate(clinic: Clinic, *options: str) -> None:
    call_command("keys", "rotate", "--organization", clinic.organization.slug, *options)
    forget_keys()


def under(clinic: Clinic) -> Counter[Any]:
    return Counter(key_id_of(getattr(row, column)) for row, column in sealed_values(clinic.id))


def test_newer_keys_of_patients_leave_nothing_under_the_older(clinic: Clinic, capsys: Any) -> None:
    before = under(clinic)
    tables = {row._meta.db_table for row, _ in sealed_values(clinic.id)}
    older = set(PatientKey.objects.filter(organization_id=clinic.id).values_list("id", flat=True))

    rotate(clinic, "--patients")

    after = under(clinic)
    assert tables >= SEALED
    assert (after.total(), set(after) & older, shut(clinic.id)) == (before.total(), set(), [])
    assert "0 rows lie under an older key" in capsys.readouterr().out
    with inside(clinic.id):
        signed = Signature.objects.get().record_id
    signature = clinic.client(Role.ADMIN).get(f"/api/records/{signed}/signature").json()["signature"]
    assert signature["verified"] is True
    retired = PatientKey.objects.filter(id__in=older, retired_at__isnull=False, wrapped__isnull=False)
    assert retired.count() == len(older)


def test_a_newer_key_of_an_organization_wraps_its_patients_keys_and_seals_what_they_do_not(clinic: Clinic) -> None:
    [older] = OrganizationKey.objects.filter(organization_id=clinic.id)
    events = clinic.client(Role.ADMIN).get("/api/audit").json()["events"]

    rotate(clinic)

    newer = OrganizationKey.objects.get(organization_id=clinic.id, generation=2)
    wrapped = PatientKey.objects.filter(organization_id=clinic.id).values_list("wrapped", flat=True)
    assert {key_id_of(bytes(each or b"")) for each in wrapped} == {newer.id}
    assert (older.id in under(clinic), newer.id in under(clinic), shut(clinic.id)) == (False, True, [])
    after = {each["id"]: each for each in clinic.client(Role.ADMIN).get("/api/audit").json()["events"]}
    assert [after[each["id"]] for each in events if each["id"] in after] == [
        each for each in events if each["id"] in after
    ]
    found = clinic.client(Role.ADMIN).get("/api/patients?name=mensah").json()["patients"]
    assert [each["family"] for each in found] == ["Mensah"]


def test_what_the_platform_seals_gets_a_newer_key(clinic: Clinic) -> None:
    call_command("keys", "rotate", "--platform")
    forget_keys()
    remember_keys()

    assert left_behind(NIL) == 0
    assert clinic.client(Role.ADMIN).get("/api/users/me").status_code == 200


def test_a_rotation_is_an_event_of_the_platforms_trail(clinic: Clinic) -> None:
    rotate(clinic, "--patients")
    rotate(clinic)

    events = Event.objects.using("accounts").filter(organization_id=clinic.id, action="keys.rotated")
    assert events.count() == 2


def test_a_row_that_does_not_open_keeps_its_key_from_retiring_and_is_named(clinic: Clinic, capsys: Any) -> None:
    with inside(clinic.id):
        record = Record.objects.order_by("id").first()
        assert record is not None
        Record.objects.filter(id=record.id).update(text=record.text[:-1] + bytes([record.text[-1] ^ 1]))

    with pytest.raises(CommandError, match=f"(?s)1 rows do not open .*records_record {record.id}") as fault:
        rotate(clinic, "--patients")

    assert "Restore them" in str(fault.value)
    assert not PatientKey.objects.filter(organization_id=clinic.id, retired_at__isnull=False).exists()
    with inside(clinic.id):
        Record.objects.filter(id=record.id).update(text=record.text)
    rotate(clinic, "--patients")
    assert "finished what was begun before" in capsys.readouterr().out
    assert (left_behind(clinic.id), shut(clinic.id)) == (0, [])
    assert set(PatientKey.objects.filter(organization_id=clinic.id).values_list("generation", flat=True)) == {1, 2}


def test_a_row_that_came_back_under_a_retired_key_is_shut_until_the_next_rotation_finds_it(clinic: Clinic) -> None:
    with inside(clinic.id):
        older = Record.objects.order_by("id")[0]
    rotate(clinic, "--patients")
    with inside(clinic.id):
        Record.objects.filter(id=older.id).update(text=older.text, content=older.content)
        with pytest.raises(OpeningFailed):
            patient_safe(clinic.id, older.patient_id).open(older, "text")

    assert [state.values for state in key_states(clinic.id) if state.is_left_behind] == [1 + bool(older.content)]
    rotate(clinic, "--patients")

    assert (left_behind(clinic.id), shut(clinic.id)) == (0, [])


def test_an_erased_patient_gets_no_newer_key(clinic: Clinic) -> None:
    [erased, *_] = PatientKey.objects.filter(organization_id=clinic.id)
    PatientKey.objects.filter(id=erased.id).update(wrapped=None, destroyed_at=now())

    rotate(clinic, "--patients")

    assert PatientKey.objects.filter(organization_id=clinic.id, patient_id=erased.patient_id).count() == 1


def test_a_newer_master_key_wraps_all_keys_and_touches_no_row(clinic: Clinic, settings: Any, capsys: Any) -> None:
    before, first = under(clinic), settings.MASTER_ENCRYPTION_KEY
    settings.MASTER_ENCRYPTION_PREVIOUS_KEYS = [first]
    settings.MASTER_ENCRYPTION_KEY = Fernet.generate_key().decode()

    call_command("keys", "rotate")

    settings.MASTER_ENCRYPTION_PREVIOUS_KEYS = []
    forget_keys()
    told = capsys.readouterr().out
    assert f"{OrganizationKey.objects.count()} keys of organizations were wrapped anew; 0 are" in told
    assert "MASTER_ENCRYPTION_PREVIOUS_KEYS may be removed now" in told
    assert (under(clinic), shut(clinic.id)) == (before, [])
    settings.MASTER_ENCRYPTION_PREVIOUS_KEYS, settings.MASTER_ENCRYPTION_KEY = [settings.MASTER_ENCRYPTION_KEY], first
    call_command("keys", "rotate")


def test_the_master_key_moves_to_a_kms_and_back(clinic: Clinic, settings: Any, capsys: Any) -> None:
    before, given = under(clinic), settings.MASTER_ENCRYPTION_KEY
    with kms_running() as kms:
        settings.KMS_KEY_ID, settings.KMS_ENDPOINT_URL = kms.key_id, kms.endpoint
        call_command("keys", "rotate")
        settings.MASTER_ENCRYPTION_KEY = ""
        forget_keys()
        by_kms = (under(clinic), shut(clinic.id))

        settings.KMS_KEY_ID, settings.KMS_PREVIOUS_KEY_IDS, settings.MASTER_ENCRYPTION_KEY = "", [kms.key_id], given
        call_command("keys", "rotate")

    settings.KMS_PREVIOUS_KEY_IDS = []
    forget_keys()
    assert by_kms == (under(clinic), shut(clinic.id)) == (before, [])
    assert capsys.readouterr().out.count("0 are wrapped by a previous master key") == 2


def test_while_the_kms_is_away_a_request_is_a_503_that_changes_nothing_and_works_when_it_is_back(
    clinic: Clinic, settings: Any, monkeypatch: pytest.MonkeyPatch, shown: Callable[[str, str], None]
) -> None:
    given, admin, patient = settings.MASTER_ENCRYPTION_KEY, clinic.client(Role.ADMIN), {"family": "Owusu"}
    with kms_running() as kms:
        settings.KMS_KEY_ID, settings.KMS_ENDPOINT_URL = kms.key_id, kms.endpoint
        call_command("keys", "rotate")
        forget_keys()
        before = admin.post("/api/patients", patient, "application/json").status_code
        kms.stop()
        known = admin.post("/api/patients", patient, "application/json").status_code
        forget_keys()
        begun = time.monotonic()
        refused = admin.post("/api/patients", patient, "application/json")
        seconds = time.monotonic() - begun
        kms.start()
        monkeypatch.setattr("chiron.vault.kms.BELIEVED_DOWN", 0.0)
        until(lambda: admin.post("/api/patients", patient, "application/json").status_code == 201)
        settings.KMS_KEY_ID, settings.KMS_PREVIOUS_KEY_IDS = "", [kms.key_id]
        call_command("keys", "rotate")
    settings.KMS_PREVIOUS_KEY_IDS = []
    forget_keys()

    assert (before, known, refused.status_code, refused.headers["Retry-After"]) == (201, 201, 503, "1")
    assert seconds < 10
    assert given == settings.MASTER_ENCRYPTION_KEY
    assert len(admin.get("/api/patients?name=owusu").json()["patients"]) == 3
    shown("R7", f"with the KMS of the master key away, a request that needs it is a 503 in {seconds:.1f} s")


def test_a_master_key_without_the_previous_one_wraps_nothing(clinic: Clinic, settings: Any) -> None:
    before = list(OrganizationKey.objects.order_by("id").values_list("wrapped", flat=True))
    settings.MASTER_ENCRYPTION_KEY = Fernet.generate_key().decode()

    with pytest.raises(CommandError, match="MASTER_ENCRYPTION_PREVIOUS_KEYS, and run this again"):
        call_command("keys", "rotate")

    assert list(OrganizationKey.objects.order_by("id").values_list("wrapped", flat=True)) == before


def test_keys_are_the_operators(town: Any) -> None:
    with pytest.raises(NotPermitted):
        rotate_master(by=Caller(organization_id=town.hilltop.id, roles=frozenset({Role.ADMIN})))


def test_status_says_what_lies_under_which_key(clinic: Clinic, capsys: Any) -> None:
    rotate(clinic)
    capsys.readouterr()

    call_command("keys", "status")

    told = capsys.readouterr().out
    lines = told[told.index(f"{clinic.organization.slug}:") :].splitlines()
    assert told.startswith(f"master key: wraps {OrganizationKey.objects.count()} keys of organizations, previous ones")
    assert [line.partition(":")[0] for line in lines[1:4]] == [
        "  key, generation 2, in use, 0 days old",
        "  key, generation 1, retired, 0 days old",
        "  2 keys of patients, generation 1, in use, 0 days old",
    ]


@pytest.mark.parametrize(
    ("options", "advice"),
    [(["--organization", "nowhere"], "There is no organization 'nowhere'"), (["--platform", "--patients"], "alone")],
)
def test_an_impossible_rotation_is_refused(town: Any, options: list[str], advice: str) -> None:
    with pytest.raises(CommandError, match=advice):
        call_command("keys", "rotate", *options)


def test_what_the_trail_says_of_a_patient_outlasts_their_key_but_not_their_erasure(clinic: Clinic) -> None:
    patient_id = PatientKey.objects.filter(organization_id=clinic.id).values_list("patient_id", flat=True)[0]
    admin, asked = clinic.client(Role.ADMIN), f"/api/audit?patient_id={patient_id}&action=audit.read"
    admin.get(asked)
    [before] = admin.get(asked).json()["events"]

    rotate(clinic, "--patients")

    event = admin.get(asked).json()["events"][-1]
    assert (event, before["details"]["action"]) == (before, "audit.read")
    destroy_patient_key(organization_id=clinic.id, patient_id=patient_id, account_id=None, by=None, now=now())
    assert not PatientKey.objects.filter(patient_id=patient_id, wrapped__isnull=False).exists()
    [gone] = [each for each in admin.get("/api/audit?limit=200").json()["events"] if each["id"] == event["id"]]
    assert gone["details"] == {"erased": True}


def test_the_owner_alone_may_rotate(clinic: Clinic, settings: Any) -> None:
    settings.OWNER_DATABASES = {}

    with pytest.raises(CommandError, match="no owner's login"):
        rotate(clinic, "--patients")

    assert not PatientKey.objects.filter(organization_id=clinic.id, generation=2).exists()


def test_an_organization_that_cannot_be_finished_keeps_no_other_from_it(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    other = make_organization(None)
    monkeypatch.setattr(keys, "all_organizations", lambda: [clinic.organization, other])
    with inside(clinic.id):
        record = Record.objects.order_by("id")[0]
        Record.objects.filter(id=record.id).update(text=record.text[:-1] + bytes([record.text[-1] ^ 1]))

    try:
        with pytest.raises(CommandError, match=f"{clinic.organization.slug}: 1 rows do not open"):
            call_command("keys", "rotate", "--patients")
    finally:
        drop_organization(other)
        forget_keys()

    assert f"{other.slug}: 0 rows sealed anew" in capsys.readouterr().out
