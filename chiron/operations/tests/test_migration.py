"""From version 1 comes everything, once, and every value is where the report says it is."""

import json
from collections import Counter
from io import StringIO
from typing import Any
from uuid import UUID

import pyotp
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from chiron.audit.models import Event
from chiron.identity.models import Account, SecondFactor
from chiron.identity.public import Membership, Role, erase_organization
from chiron.identity.tests.factories import post
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.ids import new_id
from chiron.operations.models import MigratedDocument, QuarantinedDocument, UnplacedDocument
from chiron.operations.mongo.ids import beside, id_of
from chiron.operations.mongo.leaves import unpacked_bytes
from chiron.operations.mongo.report import Report
from chiron.operations.tests.conftest import Ground
from chiron.operations.tests.version_1 import AT, DATABASE, HASH, PASSWORD, SECRET, Version1, clinic, sealed
from chiron.registry.models import Assignment, Patient, Provider
from chiron.registry.public import settled_patients
from chiron.registry.services.erase import erase_patient
from chiron.registry.services.patients import change_patient
from chiron.screening.models import Screening
from chiron.screening.queries import read_screening
from chiron.tenancy.public import inside
from chiron.vault.public import platform_safe
from tests.town import OPERATOR


def counts(report: Report) -> dict[str, tuple[int, int, int, int]]:
    return {
        name: (each.source, each.migrated, each.unchanged, each.quarantined.total())
        for name, each in report.tallies.items()
    }


def organization_of(old: Version1) -> UUID:
    return id_of(DATABASE, "organizations", old.clinic)


def admin_of(old: Version1) -> Caller:
    return Caller(organization_id=organization_of(old), account_id=new_id(), roles=frozenset({Role.ADMIN}))


def first(old: Version1, collection: str, kind: str = "") -> UUID:
    return id_of(DATABASE, kind or collection, old.collections[collection][0]["_id"])


def test_everything_comes_once_and_is_verified(ground: Ground) -> None:
    old = clinic()

    come, again, verified = ground.backfill(old), ground.backfill(old), ground.verify(old)

    numbers = {"organizations": 2, "users": 3, "laboratories": 2, "doctors": 1, "patients": 4, "screenings": 3}
    numbers |= {"files": 0, "chunks": 0, "audit_logs": 4}
    assert counts(come) == {name: (n, n, 0, 0) for name, n in numbers.items()}
    assert counts(again) == {name: (n, 0, n, 0) for name, n in numbers.items()}
    assert {name: each.differences for name, each in verified.compared.items()} == {name: {} for name in numbers}
    assert {name: each.documents for name, each in verified.compared.items()} == numbers
    assert [each.differs for each in (come, again, verified)] == [False] * 3


def test_a_forecast_says_the_same_and_writes_nothing(ground: Ground) -> None:
    old = clinic()
    old.patient(sex="x")
    old.add("sessions", token="t")

    forecast = ground.migration(old).forecast()

    assert ground.made == []
    assert UnplacedDocument.objects.count() == 0
    assert {name: sum(of) - of[0] for name, of in counts(forecast).items()} == {
        name: each.source for name, each in forecast.tallies.items()
    }
    assert counts(forecast) == counts(ground.backfill(old))
    assert forecast.skipped == {"sessions": (1, "whoever was signed in to version 1 signs in anew")}


def test_patients_come_whole_with_doctor_numbers_and_dates(ground: Ground) -> None:
    old = clinic()

    ground.backfill(old)

    patient, said = first(old, "patients"), old.collections["patients"][0]
    with inside(organization_of(old)):
        [(arrival, changed)] = settled_patients([patient]).values()
    assert (arrival.entry.person.display, changed) == ("Kofi Núñez", False)
    assert (str(arrival.entry.born), arrival.entry.sex, arrival.recorded_at) == ("1971-03-04", "male", AT)
    assert list(arrival.entry.identifiers) == [("urn:chiron:version-1:mrn", said["mrn"], "MR")]
    assert arrival.carers == (first(old, "doctors"),)
    assert patient.version == 7


def test_users_sign_in_with_what_they_had_and_their_hash_is_renewed(ground: Ground) -> None:
    old = clinic()
    ground.backfill(old)
    doctor, admin = old.collections["users"][:2]

    challenged = post("/auth/login", {"username": doctor["username"], "password": PASSWORD}).json()
    old_app = pyotp.TOTP(SECRET + 16 * "A")  # the same codes: zeros at the end of a key change none
    code = {"mfa_token": challenged["mfa_token"], "code": old_app.now()}
    signed_in = post("/auth/mfa/verify", code)
    by_address = post("/auth/login", {"username": admin["email"].upper(), "password": PASSWORD})

    assert (signed_in.status_code, by_address.status_code) == (200, 200)
    account = Account.objects.get(id=id_of(DATABASE, "users", admin["_id"]))
    assert account.password.startswith("argon2$argon2id$")
    membership = Membership.objects.get(account_id=first(old, "users"))
    assert (membership.roles, membership.provider_id) == (["DOCTOR"], first(old, "doctors"))
    verified = ground.verify(old)
    assert verified.compared["users"].touched == 2
    assert not verified.differs


def test_an_unknown_hash_is_set_aside_and_the_account_has_to_reset(ground: Ground) -> None:
    old = clinic(0)
    user = old.user(password_hash="5f4dcc3b5aa765d61d8327deb882cf99", totp_secret="not base32!")

    report, verified = ground.backfill(old), ground.verify(old)

    account = Account.objects.get(id=id_of(DATABASE, "users", user))
    assert not account.has_usable_password()
    assert not SecondFactor.objects.filter(account=account).exists()
    assert report.tallies["users"].values == {"unknown-password-hash": 1, "unusable-second-factor": 1}
    assert UnplacedDocument.objects.filter(id=beside(account.id, "/password_hash")).count() == 1
    assert not verified.differs


def test_screenings_are_history_and_the_trail_has_the_digest_of_the_old_one(ground: Ground) -> None:
    old = clinic()

    ground.backfill(old)
    ground.backfill(old)

    with inside(organization_of(old)):
        screening = Screening.objects.get(id=first(old, "screenings"))
        opened = read_screening(admin_of(old), screening.id)
        told = Event.objects.using("clinical").filter(action="history.imported").count()
        entries = MigratedDocument.objects.filter(collection="audit_logs")
        of_patients = entries.filter(patient__isnull=False).count()
    assert (screening.bundle_hash, screening.result_class, screening.mode) == ("version-1", "BORDERLINE", "research")
    assert json.loads(opened.result)["p_borderline"] == 0.25
    assert (told, entries.model, of_patients) == (1, MigratedDocument, 3)


def test_a_changed_document_is_reported_and_nothing_of_it_comes(ground: Ground) -> None:
    old = clinic()
    ground.backfill(old)
    old.collections["patients"][0]["last_name"] = sealed("Another")
    del old.collections["patients"][1]

    report, verified = ground.backfill(old), ground.verify(old)

    tally = report.tallies["patients"]
    assert (tally.changed, tally.vanished, tally.migrated, report.differs) == (1, 1, 0, True)
    assert verified.compared["patients"].differences == {"changed at the source": 1}


PLANTED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "patients": (Patient, {"birth_date": "1999-01-01"}, "Patient.birth_date"),
    "doctors": (Provider, {"specialty": "Magic"}, "Provider.specialty"),
    "screenings": (Screening, {"p_normal": 0.6}, "Screening.p_normal"),
    "assignments": (Assignment, {"until": AT}, "Assignment.provider_id"),
}


@pytest.mark.parametrize("collection", PLANTED)
def test_one_changed_value_here_is_found_by_its_place(collection: str, ground: Ground) -> None:
    old, (model, change, location) = clinic(1), PLANTED[collection]
    ground.backfill(old)
    with inside(organization_of(old)):
        assert model.objects.update(**change) == 1

    verified = ground.verify(old)

    assert verified.differs
    assert sum((each.differences for each in verified.compared.values()), Counter[str]()) == {location: 1}


def test_a_lost_or_damaged_row_is_found(ground: Ground) -> None:
    old = clinic(1)
    old.patient(sex="x")
    ground.backfill(old)
    with inside(organization_of(old)):
        Screening.objects.update(result_class="")
        QuarantinedDocument.objects.all().delete()
        MigratedDocument.objects.filter(id=first(old, "patients")).update(rest=None)

    verified = ground.verify(old)

    assert verified.compared["screenings"].differences == {"not here": 1}
    assert verified.compared["patients"].differences == {"not here": 1, "rest": 1}


def test_what_was_changed_here_since_is_no_difference(ground: Ground) -> None:
    old = clinic(1)
    ground.backfill(old)
    with inside(organization_of(old)):
        [(arrival, _)] = settled_patients([first(old, "patients")]).values()
        change_patient(
            by=admin_of(old), patient_id=arrival.id, entry=type(arrival.entry)(person=arrival.entry.person),
            if_match=None, now=now(),
        )  # fmt: skip

    verified = ground.verify(old)

    assert (verified.compared["patients"].touched, verified.differs) == (1, False)


def test_an_erased_patient_stays_away_and_leaves_nothing_of_version_1(ground: Ground) -> None:
    old = clinic(1)
    ground.backfill(old)
    patient, user = first(old, "patients"), id_of(DATABASE, "users", old.collections["patients"][0]["user_id"])
    assert UnplacedDocument.objects.filter(id=beside(user, "rest"), patient_id=patient).exists()
    with inside(organization_of(old)):
        erase_patient(by=admin_of(old), patient_id=patient, reason="asked", now=now())
    of_patient = {"patient_id": old.collections["patients"][0]["_id"]}
    old.screening(**of_patient)
    old.entry(**of_patient)

    again, verified = ground.backfill(old), ground.verify(old)

    assert not UnplacedDocument.objects.filter(id=beside(user, "rest")).exists()
    with inside(organization_of(old)):
        rows = MigratedDocument.objects.filter(patient_id=patient)
        assert {(row.rest, row.digest) for row in rows} == {(None, None)}
        assert Patient.objects.filter(erased_at=None).count() == 0
    assert [again.tallies[name].erased for name in ("patients", "screenings", "audit_logs")] == [1, 1, 1]
    assert again.tallies["screenings"].skipped == {"of a patient who was erased here": 1}
    assert (again.differs, verified.compared["patients"].erased) == (False, 1)


def test_an_erased_organization_stays_away(ground: Ground) -> None:
    old = clinic(1)
    ground.backfill(old)
    erase_organization(by=OPERATOR, organization_id=organization_of(old), now=now())

    again, verified = ground.backfill(old), ground.verify(old)

    assert len(ground.made) == 1
    assert again.tallies["patients"].skipped == {"of an organization that was erased here": 1}
    assert [again.differs, verified.differs] == [False, False]


def test_only_one_organization_comes_where_only_one_is_wanted(ground: Ground) -> None:
    old = clinic()

    report = ground.backfill(old, only=str(old.clinic))

    assert [each.id for each in ground.made] == [organization_of(old)]
    assert {name: each.skipped.total() for name, each in report.tallies.items() if each.skipped} == {
        "organizations": 1, "laboratories": 1, "patients": 1, "audit_logs": 1,
    }  # fmt: skip
    assert not report.differs
    assert not ground.verify(old, only=str(old.clinic)).differs


def test_a_mapping_calls_things_otherwise_and_leads_to_an_organization_that_is_here(
    fresh_organization: Any, ground: Ground
) -> None:
    old = Version1()
    old.organization(_id=old.clinic)
    old.add("people", clinic=old.clinic, name={"last": "Mensah"}, born="03/02/1971", seen="2024-07-01 12:00")
    mapping = ground.folder / "mapping.toml"
    mapping.write_text(
        'date_formats = ["%d/%m/%Y"]\n'
        '[collections]\npatients = "people"\n'
        '[patients]\norganization = "clinic"\nfamily = "name.last"\nborn = "born"\ncreated_at = "seen"\n'
        f'[tenants]\n{old.clinic} = "{fresh_organization.slug}"\n'
    )

    report = ground.backfill(old, mapping=mapping, zone="Europe/Berlin")

    assert (report.tallies["patients"].migrated, report.differs, ground.made) == (1, False, [])
    assert not ground.verify(old, mapping=mapping, zone="Europe/Berlin").differs
    with inside(fresh_organization.id):
        patient = Patient.objects.get()
    assert (str(patient.birth_date), patient.recorded_at.isoformat()) == ("1971-02-03", "2024-07-01T10:00:00+00:00")
    assert fresh_organization.name != "Old Clinic"


def test_a_name_that_is_anothers_here_is_set_aside(fresh_organization: Any, ground: Ground) -> None:
    old = Version1()
    old.organization(_id=old.clinic)
    old.organization(slug=fresh_organization.slug)
    old.user(username=f"taken-{old.mark}")
    Account.objects.create(id=new_id(), username=f"TAKEN-{old.mark}", password="!")

    report, verified = ground.backfill(old), ground.verify(old)

    assert [report.tallies[name].quarantined for name in ("organizations", "users")] == [{"taken-here": 1}] * 2
    assert [len(ground.made), verified.differs] == [1, False]


def test_the_command_ends_with_1_on_a_difference_and_says_no_value(ground: Ground) -> None:
    old = clinic(1)
    old.patient(last_name=sealed("Qzvxkwjpfh"), sex="Wkzjqvxgbf")
    old.add("invoices", amount=1)
    folder, told, errors = old.written(ground.folder), StringIO(), StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("migrate_from_mongodb", dump=folder, stdout=told, stderr=errors)
    call_command("migrate_from_mongodb", "status", stdout=told)

    assert ended.value.code == 1
    assert "invoices: 1 documents that the mapping says nothing about" in told.getvalue()
    assert "quarantined, unknown-value: 1" in told.getvalue()
    assert "Verdict: differs (backfill: differs, 14 documents, 1 of them in quarantine, 1 unknown documents; " in (
        told.getvalue()
    )
    for secret in ("Qzvx", "Wkzj", "Núñez", HASH, SECRET, old.collections["users"][0]["username"]):
        assert secret not in told.getvalue() + errors.getvalue()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[patients]\nnothing = 'x'", r"\[patients\] has no 'nothing'"),
        ("[nothing]\nx = 1", "Nothing is called 'nothing'"),
        ("[roles]\nboss = 'KING'", "a role that is none"),
        ("[sexes]\nm = 'MAN'", "a sex that is none"),
        ("[results]\nlow = 'LOW'", "a class that is none"),
        ("[collections]\nnothing = 'x'", r"\[collections\] has no 'nothing'"),
        ("zone = 'Mars/Olympus'", "is not an IANA time zone"),
        ("[[[", "cannot be read"),
    ],
)
def test_a_wrong_mapping_is_refused(text: str, told: str, ground: Ground) -> None:
    path = ground.folder / "mapping.toml"
    path.write_text(text)

    with pytest.raises(CommandError, match=told):
        call_command("migrate_from_mongodb", dump=clinic(0).written(ground.folder), mapping=path)

    assert ground.made == []


def test_what_an_account_has_no_place_for_lies_with_the_accounts(ground: Ground) -> None:
    old = clinic(0)

    ground.backfill(old)

    safe = platform_safe()
    kept = UnplacedDocument.objects.get(id=beside(first(old, "users"), "rest"))
    assert b"first_name" in unpacked_bytes(safe.open(kept, "document"))
    with inside(organization_of(old)):
        assert MigratedDocument.objects.get(id=first(old, "users")).rest is None
