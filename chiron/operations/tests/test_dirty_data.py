"""What is wrong in version 1 is set aside with its reason, whole and sealed; nothing is dropped without a word."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import bson
import pytest
from bson import DBRef, Decimal128, ObjectId
from cryptography.fernet import Fernet
from django.conf import settings

from chiron.operations.models import QuarantinedDocument, UnplacedDocument
from chiron.operations.mongo.leaves import unpacked_bytes
from chiron.operations.mongo.reasons import REASONS, Reason
from chiron.operations.tests.conftest import Ground
from chiron.operations.tests.version_1 import AT, Version1, sealed
from chiron.tenancy.public import inside
from chiron.vault.public import Opener, platform_safe

Dirt = Callable[[Version1], Any]


def deep(levels: int) -> Any:
    return {"on": deep(levels - 1)} if levels else 1


def twice(old: Version1) -> None:
    old.patient(_id=old.patient())


def no_id(old: Version1) -> None:
    old.collections.setdefault("patients", []).append({"organization_id": old.clinic, "last_name": sealed("Mensah")})


def not_text(old: Version1) -> None:
    old.collections["patients"] = [
        bson.encode({"_id": ObjectId(), "last_name": "Mensah"}).replace(b"Mensah", b"Mens\xff\xfe")
    ]


def same_number(old: Version1) -> None:
    old.patient(mrn="A-17")
    old.patient(mrn=" a-17 ")


def same_name(old: Version1) -> None:
    old.user(username=f"Ama-{old.mark}")
    old.user(username=f"AMA-{old.mark}")


def same_address(old: Version1) -> None:
    old.user(email=f"{old.mark}@example.org")
    old.user(email=f"{old.mark.upper()}@Example.org")


def same_code(old: Version1) -> None:
    old.laboratory(code="L1")
    old.laboratory(code="L1")


def one_account_twice(old: Version1) -> None:
    user = old.user()
    old.patient(user_id=user)
    old.patient(user_id=user)


def next_door(old: Version1) -> None:
    old.patient(doctor_id=old.doctor(organization_id=old.organization()))


def after_who_was_refused(old: Version1) -> None:
    old.patient(doctor_id=old.doctor(last_name=7, user_id=None))


DIRTY: dict[str, tuple[Dirt, Counter[str]]] = {
    name: (dirt, Counter(map(str, reasons)))
    for name, dirt, *reasons in (
        ("nobody's name", lambda old: old.patient(last_name=None), Reason.MISSING),
        ("an empty name", lambda old: old.patient(last_name="  "), Reason.MISSING),
        ("no role", lambda old: old.user(role=None), Reason.MISSING),
        ("no code", lambda old: old.add("laboratories", organization_id=old.clinic, name="x"), Reason.MISSING),
        ("a number for a name", lambda old: old.patient(last_name=7), Reason.WRONG_TYPE),
        ("a list for a name", lambda old: old.patient(first_name=["Kofi"]), Reason.WRONG_TYPE),
        ("a word for a flag", lambda old: old.patient(is_active="yes"), Reason.WRONG_TYPE),
        ("a number for a date", lambda old: old.patient(created_at=20240305), Reason.WRONG_TYPE),
        ("a day that is none", lambda old: old.patient(date_of_birth="1971-02-30"), Reason.DATE),
        ("a birth to come", lambda old: old.patient(date_of_birth="2971-02-03"), Reason.DATE),
        ("another way of dates", lambda old: old.patient(date_of_birth="03/02/1971"), Reason.DATE),
        ("a time after the last", lambda old: old.patient(created_at="9999-12-31T23:59:59-05:00"), Reason.DATE),
        ("a time before the first", lambda old: old.patient(created_at="0001-01-01T00:00:00+05:00"), Reason.DATE),
        ("a birth at noon", lambda old: old.patient(date_of_birth=AT), Reason.NAIVE_DATE),
        ("a time of no zone", lambda old: old.patient(created_at="2024-03-05 09:30:15"), Reason.NAIVE_DATE),
        (
            "a time beyond years",
            lambda old: old.patient(created_at=bson.datetime_ms.DatetimeMS(2**60)),
            Reason.WRONG_TYPE,
        ),
        ("a number for a word", lambda old: old.patient(sex=7), Reason.WRONG_TYPE),
        ("a flag for a number", lambda old: old.screening(age=True), Reason.WRONG_TYPE),
        ("a word for a number", lambda old: old.screening(age="44"), Reason.WRONG_TYPE),
        ("a word for what has parts", lambda old: old.screening(result="NORMAL"), Reason.WRONG_TYPE),
        ("no id", no_id, Reason.MISSING),
        ("an id that tells no time", lambda old: old.patient(_id=7, created_at=None), Reason.MISSING),
        ("no such sex", lambda old: old.patient(sex="x"), Reason.UNKNOWN_VALUE),
        ("no such role", lambda old: old.user(role="superuser"), Reason.UNKNOWN_VALUE),
        ("NUL in a name", lambda old: old.patient(last_name=sealed("Men\0sah")), Reason.NUL),
        ("a long name", lambda old: old.patient(last_name="x" * 101), Reason.TOO_LONG),
        ("another's key", lambda old: old.patient(last_name=Fernet(Fernet.generate_key()).encrypt(b"x")), Reason.SHUT),
        ("a broken token", lambda old: old.patient(last_name=sealed("Mensah")[:-9]), Reason.SHUT),
        ("no token at all", lambda old: old.patient(last_name="gAAAAé"), Reason.SHUT),
        ("no organization", lambda old: old.patient(organization_id=None), Reason.WITHOUT_ORGANIZATION),
        ("an unknown one", lambda old: old.patient(organization_id=ObjectId()), Reason.UNKNOWN_ORGANIZATION),
        ("a doctor of no number", lambda old: old.patient(doctor_id=Decimal128("sNaN")), Reason.DANGLING),
        ("a doctor who is not", lambda old: old.patient(doctor_id=ObjectId()), Reason.DANGLING),
        ("a doctor refused", after_who_was_refused, Reason.WRONG_TYPE, Reason.DANGLING),
        ("a doctor next door", next_door, Reason.ELSEWHERE),
        ("one number twice", same_number, Reason.DUPLICATE),
        ("one name twice", same_name, Reason.DUPLICATE),
        ("one address twice", same_address, Reason.DUPLICATE),
        ("one code twice", same_code, Reason.DUPLICATE),
        ("one account twice", one_account_twice, Reason.DUPLICATE),
        ("one id twice", twice, Reason.SECOND_OF_ITS_ID),
        ("no result", lambda old: old.screening(result=None), Reason.MISSING),
        (
            "not a number",
            lambda old: old.screening(result={"risk_class": "NORMAL", "p_normal": float("nan")}),
            Reason.NOT_A_NUMBER,
        ),
        ("not a decimal", lambda old: old.screening(age=Decimal128("NaN")), Reason.NOT_A_NUMBER),
        ("a decimal that signals", lambda old: old.screening(age=Decimal128("sNaN")), Reason.NOT_A_NUMBER),
        ("percents", lambda old: old.screening(result={"risk_class": "NORMAL", "p_normal": 97}), Reason.UNKNOWN_VALUE),
        ("two of three", lambda old: old.screening(result={"risk_class": "NORMAL", "p_normal": 0.5}), Reason.MISSING),
        ("half a year", lambda old: old.screening(age=4.5), Reason.UNKNOWN_VALUE),
        ("a patient who is not", lambda old: old.screening(patient_id=ObjectId()), Reason.DANGLING),
        ("too deep", lambda old: old.patient(notes=deep(40)), Reason.TOO_DEEP),
        ("far too deep", lambda old: old.patient(notes=deep(150)), Reason.TOO_DEEP),
        ("too large", lambda old: old.patient(notes="x" * 2**24), Reason.TOO_LARGE),
        ("not UTF-8", not_text, Reason.UNREADABLE),
    )
}


@pytest.mark.parametrize("dirt", DIRTY)
def test_each_kind_of_dirt_is_forecast_with_its_reason(dirt: str, ground: Ground) -> None:
    old, (make, reasons) = Version1(), DIRTY[dirt]
    old.organization(_id=old.clinic)
    make(old)

    report = ground.migration(old).forecast()

    assert sum((each.quarantined for each in report.tallies.values()), Counter[str]()) == reasons
    assert sum(each.source for each in report.tallies.values()) == sum(map(len, old.collections.values()))
    assert not report.differs


@pytest.mark.parametrize("said", ["2024-03-31 02:30", "2024-10-27 02:30"], ids=["never", "twice"])
def test_a_time_that_the_clock_showed_never_or_twice_is_set_aside(said: str, ground: Ground) -> None:
    old = Version1()
    old.organization(_id=old.clinic)
    old.patient(created_at=said)
    old.patient(created_at="2024-03-31 03:30")

    report = ground.migration(old, zone="Europe/Berlin").forecast()

    assert report.tallies["patients"].quarantined == {Reason.NO_SUCH_TIME: 1}
    assert report.tallies["patients"].migrated == 1


def test_all_of_it_is_kept_whole_and_sealed(ground: Ground) -> None:
    old, expected = Version1(), Counter[str]()
    old.organization(_id=old.clinic)
    for name, (make, reasons) in DIRTY.items():
        if name != "not UTF-8":
            make(old)
            expected += reasons

    report, verified, again = ground.backfill(old), ground.verify(old), ground.backfill(old)

    said = {
        collection: sorted(bson.encode(each) for each in documents) for collection, documents in old.collections.items()
    }
    assert sum((each.quarantined for each in report.tallies.values()), Counter[str]()) == expected
    assert sum((each.quarantined for each in again.tallies.values()), Counter[str]()) == expected
    assert [tally.missing for tally in (*report.tallies.values(), *again.tallies.values())] == [0] * 18
    assert not verified.differs
    assert sum(each.quarantined for each in verified.compared.values()) == expected.total()
    kept = set()
    for organization in ground.made:
        with inside(organization.id):
            opener = Opener(organization.id)
            kept |= {unpacked_bytes(opener.open(row, "document")) for row in QuarantinedDocument.objects.all()}
    safe = platform_safe()
    for row in UnplacedDocument.objects.exclude(reason=Reason.KEPT):
        kept.add(unpacked_bytes(safe.open(row, "document")))
    assert len(kept) == expected.total()
    assert kept <= {each for documents in said.values() for each in documents}


def test_what_is_odd_but_can_be_kept_is_kept_to_the_bit(ground: Ground) -> None:
    old = Version1()
    old.organization(_id=old.clinic)
    odd = {
        "nan": float("nan"),
        "decimal": Decimal128(Decimal("1.10")),
        "nul": "a\0b",
        "long": bson.Int64(7),
        "none": None,
        "empty": [{}, [], ""],
        "a.b/c~d": {"$e": 1},
        "ref": DBRef("patients", ObjectId()),
        "code": bson.Code("return 1"),
        "far": bson.datetime_ms.DatetimeMS(2**60),
        "binary": b"\0\1",
        "pattern": bson.Regex("^a", "i"),
        "large": "y" * 3_000_000,
    }
    old.patient(**odd)
    old.patient(created_at="2024-03-05T09:30:15+02:00", date_of_birth=datetime(1971, 3, 4, tzinfo=UTC))
    old.patient(created_at="", date_of_birth="", doctor_id="", mrn="", phone="")

    report, verified = ground.backfill(old), ground.verify(old)

    assert (report.tallies["patients"].migrated, verified.compared["patients"].documents) == (3, 3)
    assert verified.compared["patients"].differences == {}


@pytest.mark.parametrize(
    ("key", "reference"),
    [
        ("65f0a1b2c3d4e5f601234567", "65f0a1b2c3d4e5f601234567"),
        ("65f0a1b2c3d4e5f601234567", ObjectId("65f0a1b2c3d4e5f601234567")),
        (7, 7.0),
        (7.0, bson.Int64(7)),
        (bson.Int64(7), Decimal128("7.0")),
    ],
)
def test_an_id_is_found_however_it_is_referred_to(key: Any, reference: Any, ground: Ground) -> None:
    old = Version1()
    old.organization(_id=key)
    doctor = old.doctor(_id=key, organization_id=reference, user_id=old.user(_id=key, organization_id=reference))
    old.patient(_id=key, organization_id=reference, doctor_id=reference)
    old.screening(organization_id=reference, patient_id=reference)
    old.patient(organization_id=old.organization())

    only = key if isinstance(key, str) else "7"
    report, verified = ground.backfill(old, only=only), ground.verify(old, only=only)

    assert doctor == key
    migrated = {name: tally.migrated for name, tally in report.tallies.items() if tally.source}
    assert migrated == {"organizations": 1, "users": 1, "doctors": 1, "patients": 1, "screenings": 1}
    assert [report.differs, verified.differs] == [False, False]


def test_ids_that_are_not_equal_stay_two(ground: Ground) -> None:
    old = Version1()
    for key in (7, "7", 7.5, True, 2**60, float(2**60 + 2**40), float("nan"), Decimal128("sNaN")):
        old.organization(_id=key)

    assert ground.migration(old).forecast().tallies["organizations"].migrated == 8


@pytest.mark.parametrize("born", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), "0001-01-01"])
def test_a_birth_at_the_end_of_the_calendar_stops_nothing_in_any_zone(born: Any, ground: Ground) -> None:
    old = Version1()
    old.organization(_id=old.clinic)
    old.patient(date_of_birth=born)
    old.patient(created_at="0001-01-01T00:00:00")

    for zone in ("America/New_York", "Asia/Tokyo"):
        report = ground.migration(old, zone=zone).forecast()
        patients = report.tallies["patients"]
        assert (patients.migrated + patients.quarantined["not-a-date"], report.differs) == (2, False)


def test_a_password_hash_with_nul_is_set_aside_and_minus_zero_is_zero(ground: Ground) -> None:
    old = Version1()
    old.organization(_id=old.clinic)
    old.user(password_hash="pbkdf2:sha256:1000$\0$aa")
    old.user(password_hash="pbkdf2_sha256$1000$\0$aaaa")
    old.screening(age=-0.0)

    report, verified = ground.backfill(old), ground.verify(old)

    assert report.tallies["users"].migrated == 2
    assert report.tallies["users"].values == {"unknown-password-hash": 2}
    assert report.tallies["screenings"].migrated == 1
    assert not verified.differs


def test_who_came_first_of_two_with_one_address_stays(ground: Ground) -> None:
    old = Version1()
    old.organization(_id=old.clinic)
    other = old.organization()
    old.user(email=f"{old.mark}@example.org")
    old.user(organization_id=other, email=f"{old.mark.upper()}@Example.org")
    ground.backfill(old, only=str(other))
    ground.backfill(old, only=str(old.clinic))

    report, verified = ground.backfill(old), ground.verify(old)

    users = report.tallies["users"]
    assert (users.unchanged, users.quarantined, users.vanished) == (1, {"taken-here": 1}, 0)
    assert not verified.differs


def test_who_took_the_account_of_another_is_in_quarantine(ground: Ground) -> None:
    old = Version1()
    old.organization(_id=old.clinic)
    user = old.user()
    old.doctor(user_id=user)
    old.patient(user_id=user)
    ground.backfill(old)
    old.collections |= {"doctors": [], "patients": []}
    old.doctor(user_id=user)
    old.patient(user_id=user)

    report, verified = ground.backfill(old), ground.verify(old)

    for name in ("doctors", "patients"):
        assert report.tallies[name].quarantined == {"taken-here": 1}
        assert (report.tallies[name].vanished, verified.compared[name].differs) == (1, False)


def test_what_was_refused_comes_once_the_source_is_mended(ground: Ground) -> None:
    old = Version1()
    old.organization(_id=old.clinic)
    old.patient(sex="x")
    old.user(role="superuser")
    before = ground.backfill(old)
    for document in (*old.collections["patients"], *old.collections["users"]):
        document |= {"sex": "F", "role": "admin"}

    after, verified = ground.backfill(old), ground.verify(old)

    assert [before.tallies[name].quarantined.total() for name in ("patients", "users")] == [1, 1]
    assert [after.tallies[name].migrated for name in ("patients", "users")] == [1, 1]
    assert not verified.differs
    with inside(ground.made[0].id):
        assert QuarantinedDocument.objects.count() == 0
    assert UnplacedDocument.objects.exclude(reason=Reason.KEPT).count() == 0


def test_every_reason_is_explained() -> None:
    page = (settings.BASE_DIR / "docs/how-to/migrate-from-mongodb.md").read_text()

    assert set(REASONS) == set(Reason)
    assert [each for each in Reason if each != Reason.KEPT and f"| `{each}` | {REASONS[each]} |" not in page] == []
