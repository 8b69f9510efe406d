"""Whole organizations: exported complete, deleted for good, nothing of others touched (TEN-09)."""

import base64
import hashlib
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.core.management import CommandError, call_command

from chiron.audit.public import seal
from chiron.files.storage import folders_of
from chiron.identity.models import Account, Membership, Removal, Session
from chiron.identity.public import Role, erase_organization
from chiron.identity.revocations import revocations
from chiron.identity.services import removal as steps
from chiron.jobs.models import Waiting
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, atomic, cursor
from chiron.operations.exporting import damaged
from chiron.operations.replaying import is_pending, replay
from chiron.postgres.owner import as_owner
from chiron.tenancy.public import Organization, has_schema, role_of, schema_of
from chiron.vault.models import OrganizationKey, PatientKey
from chiron.vault.public import forget_keys
from tests.erasure.backups import backup, restore
from tests.erasure.people import live
from tests.town import OPERATOR, Clinic, drop_organization, make_clinic


@pytest.fixture
def clinics(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Clinic, Clinic]]:
    """One that will be exported or deleted, and one that nothing must happen to."""
    with django_db_blocker.unblock():
        made = make_clinic(None), make_clinic(None)
        yield made
        for each in made:
            Waiting.objects.filter(organization_id=each.id).delete()
            if Organization.objects.filter(id=each.id).exists():
                drop_organization(each.organization)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("organization", *arguments, stdout=out)
    return out.getvalue()


def fingerprint(clinic: Clinic) -> dict[str, str]:
    """A digest of every table that holds anything of an organization, of its files too."""
    with as_owner(CLINICAL), atomic(CLINICAL), cursor(CLINICAL) as held:
        held.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [schema_of(clinic.id)])
        found = {}
        for (table,) in held.fetchall():
            held.execute(
                f'SELECT md5(string_agg(r::text, chr(10) ORDER BY r::text)) FROM {schema_of(clinic.id)}."{table}" r'
            )
            found[table] = held.fetchone()[0]
    members = Membership.objects.filter(organization=clinic.organization)
    for model in (OrganizationKey, PatientKey):
        found[model.__name__] = digest(model.objects.filter(organization_id=clinic.id))
    found["people"] = digest(members) + digest(Account.objects.filter(id__in=members.values("account_id")))
    found["sessions"] = digest(Session.objects.filter(organization=clinic.organization))
    found["organization"] = digest(Organization.objects.filter(id=clinic.id))
    found["files"] = str(folders_of(clinic.id))
    return found


def digest(rows: Any) -> str:
    said = [[str(bytes(each) if isinstance(each, memoryview) else each) for each in row] for row in rows.values_list()]
    return hashlib.sha256(json.dumps(sorted(said)).encode()).hexdigest()


def assert_gone(clinic: Clinic) -> None:
    with atomic(CLINICAL), cursor(CLINICAL) as asked:
        asked.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", [role_of(clinic.id)])
        assert asked.fetchone()[0] == 0
    assert not has_schema(clinic.id)
    assert folders_of(clinic.id) == []
    for model in (OrganizationKey, PatientKey):
        assert not model.objects.filter(organization_id=clinic.id).exclude(wrapped=None).exists()
    assert not Organization.objects.filter(id=clinic.id).exists()
    assert not Account.objects.filter(username__startswith=f"{clinic.organization.slug}-").exists()


def test_an_export_holds_everything_of_one_organization_and_nothing_of_another(
    clinics: tuple[Clinic, Clinic], tmp_path: Path
) -> None:
    mine, other = clinics
    known, stranger = live(mine, 21), live(other, 22)
    seal("clinical", mine.id)

    said = run("export", mine.organization.slug, str(tmp_path / "mine"))

    whole = b"".join(path.read_bytes() for path in (tmp_path / "mine").rglob("*.*")).decode()
    assert [word for word in known.words if word not in whole] == []
    assert [word for word in stranger.words if word in whole] == []
    files = json.loads((tmp_path / "mine" / "manifest.json").read_text())["files"]
    assert f"{len(files)} files" in said
    assert files["clinical/registry_patient.ndjson"]["rows"] == 3
    assert files["clinical/audit_head.ndjson"]["rows"] == 1
    assert files["accounts/identity_membership.ndjson"]["rows"] == len(Role) + 1
    [content] = (tmp_path / "mine" / "files").iterdir()
    assert content.read_text() == f"{known.words[2]} {known.words[0]}\n" * 50
    assert list(damaged(tmp_path / "mine")) == []
    content.write_text("something else")
    assert list(damaged(tmp_path / "mine")) == [f"files/{content.name}"]
    secrets = [bytes(row.wrapped or b"none").hex() for row in PatientKey.objects.filter(organization_id=mine.id)]
    assert not any(each in whole for each in secrets)
    with pytest.raises(CommandError, match="is there already"):
        run("export", mine.organization.slug, str(tmp_path / "mine"))


def test_nothing_is_deleted_that_was_not_suspended_long_ago_or_named_twice(clinics: tuple[Clinic, Clinic]) -> None:
    mine, before = clinics[0], fingerprint(clinics[0])

    for confirm in ([], ["--confirm", "another"]):
        with pytest.raises(CommandError, match="Nothing was deleted"):
            run("delete", mine.organization.slug, *confirm)

    nowhere = ["--confirm", mine.organization.slug, "--proof", "/nowhere/proof.json"]
    with pytest.raises(CommandError, match="Nothing was deleted"):
        run("delete", mine.organization.slug, *nowhere)

    assert fingerprint(mine) == before


def test_a_deleted_organization_is_gone_with_a_proof_and_its_neighbour_is_untouched(
    clinics: tuple[Clinic, Clinic], tmp_path: Path
) -> None:
    mine, other = clinics
    live(mine, 23)
    live(other, 24)
    assert seal("clinical", mine.id)
    before = fingerprint(other)

    run("delete", mine.organization.slug, "--confirm", mine.organization.slug, "--proof", str(tmp_path / "proof.json"))

    assert_gone(mine)
    revocations.take_effect()
    assert mine.client(Role.ADMIN).get("/api/patients").status_code == 403
    assert fingerprint(other) == before
    proof = json.loads((tmp_path / "proof.json").read_text())
    check(proof, run("key").strip())
    assert proof["organization"] == {"id": str(mine.id), "slug": mine.organization.slug}
    held = proof["destroyed"]
    assert (held["keys"], held["files"]) == ({"organization": 1, "patients": 3}, 1)
    assert (held["rows"]["registry_patient"], held["memberships"]) == (3, len(Role) + 1)
    assert held["audit_head"]["size"] == held["rows"]["audit_leaf"] == held["rows"]["audit_event"]
    assert json.loads(run("proof", mine.organization.slug)) == proof
    proof["destroyed"]["files"] = 2
    with pytest.raises(InvalidSignature):
        check(proof, run("key").strip())


def check(proof: dict[str, Any], key: str) -> None:
    """As a third party checks it, who has the public key and no Chiron."""
    said = {name: value for name, value in proof.items() if name != "signature"}
    message = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    Ed25519PublicKey.from_public_bytes(base64.b64decode(key)).verify(base64.b64decode(proof["signature"]), message)


class Killed(BaseException):
    pass


STEPS = ["destroy_organization_keys", "drop_schema", "remove_files", "forget_jobs_of", "_remove_people"]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_deletion_that_was_killed_is_finished_by_the_next(
    clinics: tuple[Clinic, Clinic], step: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = clinics
    before, plain = fingerprint(other), getattr(steps, step)

    def killed(*args: Any, **named: Any) -> None:
        if moment == "after":
            plain(*args, **named)
        raise Killed

    monkeypatch.setattr(steps, step, killed)
    with pytest.raises(Killed):
        erase_organization(by=OPERATOR, organization_id=mine.id, now=now())
    monkeypatch.setattr(steps, step, plain)
    forget_keys()

    removal = erase_organization(by=OPERATOR, organization_id=mine.id, now=now())

    assert_gone(mine)
    assert fingerprint(other) == before
    assert removal.held["keys"] == {"organization": 1, "patients": 2}
    assert Removal.objects.filter(organization_id=mine.id).count() == 1


@pytest.mark.skipif(not settings.EMBEDDED, reason="uses the programs of the session's own server")
@pytest.mark.parametrize("aliases", [["accounts"], ["clinical"], ["accounts", "clinical"]], ids=" and ".join)
def test_no_backup_brings_a_deleted_organization_back(clinics: tuple[Clinic, Clinic], aliases: list[str]) -> None:
    mine, other = clinics
    dumps, before = {alias: backup(alias) for alias in aliases}, fingerprint(other)
    erase_organization(by=OPERATOR, organization_id=mine.id, now=now())
    if "clinical" in aliases:  # roles belong to the server, and are restored with it
        with as_owner(CLINICAL), cursor(CLINICAL) as held:
            held.execute(f"CREATE ROLE {role_of(mine.id)} NOLOGIN")
    for alias in aliases:
        restore(alias, dumps[alias])
    assert is_pending()

    done = replay(now=now())

    assert done.organizations == 1
    assert not is_pending()
    assert_gone(mine)
    assert fingerprint(other) == before
