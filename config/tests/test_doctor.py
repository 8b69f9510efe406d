"""`chiron doctor` finds what is wrong and says what to do."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connections

from chiron.audit.public import record, seal
from chiron.jobs.public import QueueState
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import cursor
from chiron.kernel.ids import new_id
from chiron.postgres.owner import as_owner
from chiron.tenancy import readiness
from chiron.tenancy.public import all_organizations, inside, schema_of
from chiron.vault.keyring import new_organization_key
from chiron.vault.public import forget_keys
from config import doctor, environment


def findings(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, tuple[str, str, str]]]:
    """The exit code, and state, sight and advice by subject."""
    capsys.readouterr()
    code = 0
    try:
        call_command("doctor", "--json")
    except SystemExit as stop:
        code = int(str(stop.code))
    found = json.loads(capsys.readouterr().out)
    return code, {each["subject"]: (each["state"], each["seen"], each["advice"]) for each in found}


def test_a_sound_installation_has_only_warnings(sealed: None, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = "accounts: fsync is off and loses acknowledged records at a crash: set it to on."
    monkeypatch.setattr(doctor, "unsafe_servers", lambda: [fault])

    code, found = findings(capsys)

    assert code == 0
    assert {state for state, _, _ in found.values()} == {"ok", "warning"}
    for subject in ("versions", "CHIRON_HOME", "disk", "database accounts", "database clinical", "migrations", "keys"):
        assert found[subject][0] == "ok", subject
    assert found["server of accounts"][2] == "set it to on."
    assert found["environment"][2] == "Set ENVIRONMENT=production before real patients come."


def test_no_secret_is_shown(sealed: None, capsys: Any, settings: Any) -> None:
    call_command("doctor")

    said = capsys.readouterr().out
    for name in ("MASTER_ENCRYPTION_KEY", "AUDIT_SIGNING_KEY", "JWT_SIGNING_KEY", "SECRET_KEY"):
        assert getattr(settings, name) not in said
    assert settings.DATABASES["accounts"]["PASSWORD"] not in said


def test_another_master_key_is_noticed(sealed: None, capsys: Any, settings: Any) -> None:
    before = settings.MASTER_ENCRYPTION_KEY
    settings.MASTER_ENCRYPTION_KEY = base64.urlsafe_b64encode(bytes(32)).decode()
    forget_keys()
    try:
        code, found = findings(capsys)
    finally:
        settings.MASTER_ENCRYPTION_KEY = before
        forget_keys()

    assert code == 1
    assert found["keys"][0] == "bad"
    assert "not those of the platform, hilltop" in found["keys"][1]
    assert found["keys"][2].startswith("Set the MASTER_ENCRYPTION_KEY under which it was made")


def test_a_missing_migration_is_named(sealed: None, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known = readiness.migrations_of_this_version()
    monkeypatch.setattr(readiness, "migrations_of_this_version", lambda: known | {("records", "9999_later")})

    code, found = findings(capsys)

    assert (code, found["migrations"][:2]) == (1, ("bad", "missing: records.9999_later"))


def test_a_sealer_that_does_not_work_is_noticed(
    sealed: None, fresh_organization: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal("accounts", None)
    with inside(fresh_organization.id):
        record(Caller(organization_id=fresh_organization.id), "patient.read", resource="patients")
    monkeypatch.setattr(doctor, "now", lambda: now() + timedelta(minutes=3))

    code, found = findings(capsys)

    for organization in all_organizations():
        seal("clinical", organization.id)
    assert (code, found["audit sealer"][0]) == (1, "bad")
    assert found["audit sealer"][2].startswith("Run `chiron serve`")


def test_a_database_out_of_reach_is_named_and_the_rest_is_left_out(sealed: None, capsys: Any) -> None:
    research = connections["research"]
    research.close()
    port = research.settings_dict["PORT"]
    research.settings_dict["PORT"] = "1"
    try:
        code, found = findings(capsys)
    finally:
        research.settings_dict["PORT"] = port

    assert code == 1
    assert found["database research"][0] == "bad"
    assert found["database research"][2] == "Start the server, or mend RESEARCH_DATABASE_URL (or POSTGRES_*)."
    assert "keys" not in found


def test_a_full_disk_is_noticed(sealed: None, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE", 2**60)

    code, found = findings(capsys)

    assert (code, found["disk"][0]) == (1, "bad")


def test_an_organization_that_is_behind_is_named(sealed: None, fresh_organization: Any, capsys: Any) -> None:
    schema = schema_of(fresh_organization.id)
    with as_owner("clinical"), cursor("clinical") as owner:
        owner.execute(f"DELETE FROM {schema}.django_migrations WHERE app = 'records'")

    code, found = findings(capsys)

    assert (code, found["organizations"][0]) == (1, "bad")
    assert found["organizations"][1].endswith(f" up to date, not {fresh_organization.slug}")
    assert found["organizations"][2].startswith("Run `chiron migrate` and read why it stops there")


def test_a_schema_of_no_organization_is_named(sealed: None, capsys: Any) -> None:
    stray = f"t_{new_id().hex}"
    with as_owner("clinical"), cursor("clinical") as owner:
        owner.execute(f"CREATE SCHEMA {stray}")

    code, found = findings(capsys)

    with as_owner("clinical"), cursor("clinical") as owner:
        owner.execute(f"DROP SCHEMA {stray}")
    assert (code, found["schemas"][:2]) == (0, ("warning", f"belong to no organization: {stray}"))
    assert found["schemas"][2].startswith("Accounts restored from an older backup?")
    assert "schemas" not in findings(capsys)[1]


def test_a_process_without_the_owners_login_says_what_it_did_not_see(sealed: None, capsys: Any, settings: Any) -> None:
    settings.OWNER_DATABASES = settings.OWNER_DATABASES | {"clinical": {}}

    code, found = findings(capsys)

    assert (code, found["organizations"][:2]) == (0, ("ok", "not looked at: this process has no owner's login"))


@pytest.mark.parametrize(
    ("state", "seen", "advice"),
    [
        (QueueState(0, 0, 0, 0, timedelta(0)), ("ok", "0 jobs wait, 0 are being done"), ""),
        (
            QueueState(3, 2, 0, 1, timedelta(0)),
            ("bad", "3 jobs wait, 2 are being done, 1 of them by a worker that fell silent"),
            "Run `chiron worker`, or `chiron serve`, which has one: it takes over",
        ),
        (
            QueueState(3, 2, 0, 0, timedelta(minutes=6)),
            ("bad", "3 jobs wait, 2 are being done, the oldest is due for 360 s"),
            "Run `chiron worker`, or `chiron serve`, which has one; more",
        ),
    ],
)
def test_the_queue_is_told_with_what_to_do(
    state: QueueState, seen: Any, advice: str, sealed: None, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "queue_state", lambda: state)

    code, found = findings(capsys)

    assert (code, found["queue"][:2]) == (int(seen[0] == "bad"), seen)
    assert found["queue"][2].startswith(advice)
    assert "dead jobs" not in found


def test_dead_jobs_are_a_warning(sealed: None, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "queue_state", lambda: QueueState(0, 0, 4, 0, timedelta(0)))

    code, found = findings(capsys)

    assert (code, found["dead jobs"]) == (
        0, ("warning", "4 were tried as often as allowed", "Mend the cause, then have them tried again at /admin/.")
    )  # fmt: skip


def test_what_cannot_be_read_is_named_and_the_rest_is_told(
    sealed: None, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_such_table() -> list[Any]:
        raise ProgrammingError

    monkeypatch.setattr(doctor, "all_organizations", no_such_table)

    code, found = findings(capsys)

    told = ("bad", "cannot be looked at (ProgrammingError)", "Run `chiron migrate`, then `chiron doctor` again.")
    assert (code, found["keys"]) == (1, told)
    assert found["audit sealer"][0] == "ok"


def test_settings_in_force_are_told_and_the_others_counted(
    sealed: None, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "2")

    _, found = findings(capsys)

    assert found["setting TRUSTED_PROXIES"] == ("ok", "2", "")
    told = [subject for subject in found if subject.startswith("setting ")]
    assert found["other settings"][1].startswith(f"{len(environment.SETTINGS) - len(told)} as ")


def test_a_folder_whose_files_come_and_go_is_measured(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(bytes(3 * 2**20))

    assert doctor._megabytes(tmp_path) == 3
    assert doctor._megabytes(tmp_path / "nowhere") == 0


def test_keys_that_were_not_turned_to_the_end_are_counted_with_what_to_do(sealed: None, capsys: Any) -> None:
    organization = all_organizations()[0]
    begin = new_organization_key(organization.id, 9)
    begin.save(force_insert=True)
    try:
        _, found = findings(capsys)
    finally:
        with as_owner("accounts"):
            begin.delete()

    state, seen, advice = found["rotation of keys"]
    assert (state, seen.startswith(f"begun and not finished (--organization {organization.slug}): ")) == (
        "warning",
        True,
    )
    assert seen.endswith(" values lie under older keys")
    assert advice == f"Run `chiron keys rotate --organization {organization.slug}`: it goes on where it stopped."


def test_keys_under_a_previous_master_key_are_counted(sealed: None, capsys: Any, settings: Any) -> None:
    settings.MASTER_ENCRYPTION_PREVIOUS_KEYS = [settings.MASTER_ENCRYPTION_KEY]
    settings.MASTER_ENCRYPTION_KEY = base64.urlsafe_b64encode(bytes(32)).decode()

    _, found = findings(capsys)

    state, seen, advice = found["master key"]
    assert (state, advice) == ("warning", "Run `chiron keys rotate`, and remove the previous one then.")
    assert seen.endswith(" keys of organizations are wrapped by a previous one")
