"""One form for one meaning."""

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.audit.canonical import event_bytes, head_bytes, instant, together
from chiron.audit.signing import head_key, is_signed, mac_of, sign

TRAIL = UUID("01900000-0000-7000-8000-00000000000a")


@dataclass(frozen=True)
class Said:
    id: UUID = UUID("01900000-0000-7000-8000-000000000001")
    at: datetime = datetime(2026, 1, 31, 8, 15, 0, 123456, tzinfo=UTC)
    organization_id: UUID | None = TRAIL
    account_id: UUID | None = UUID("01900000-0000-7000-8000-000000000002")
    on_behalf_of: UUID | None = None
    session_id: UUID | None = UUID("01900000-0000-7000-8000-000000000003")
    roles: list[str] = field(default_factory=lambda: ["ADMIN", "DOCTOR"])
    action: str = "patient.read"
    resource: str = "patient"
    resource_id: UUID | None = UUID("01900000-0000-7000-8000-000000000004")
    subjects: list[UUID] = field(default_factory=lambda: [UUID("01900000-0000-7000-8000-000000000004")])
    purpose: str = "TREAT"
    outcome: str = "success"
    request_id: str = "r-1"
    payload: bytes | None = b"ciphertext"


GOLDEN = (
    "0000000f636869726f6e2e6576656e742e7631"
    "0000001001900000000070008000000000000001"
    "0000001b323032362d30312d33315430383a31353a30302e3132333435365a"
    "000000100190000000007000800000000000000a"
    "0000001001900000000070008000000000000002"
    "ffffffff"
    "0000001001900000000070008000000000000003"
    "000000130000000541444d494e00000006444f43544f52"
    "0000000c70617469656e742e72656164"
    "0000000770617469656e74"
    "0000001001900000000070008000000000000004"
    "000000140000001001900000000070008000000000000004"
    "000000055452454154"
    "0000000773756363657373"
    "00000003722d31"
    "00000020" + sha256(b"ciphertext").hexdigest()
)


def test_an_event_has_the_bytes_it_always_had() -> None:
    assert event_bytes(Said()).hex() == GOLDEN


@pytest.mark.parametrize("name", [field.name for field in fields(Said)])
def test_every_part_of_an_event_is_authenticated(name: str) -> None:
    others: dict[str, Any] = {"at": Said().at + timedelta(microseconds=1), "roles": ["ADMINDOCTOR"], "payload": None}
    other = others.get(name, [] if name == "subjects" else None if name.endswith("_of") else "x")
    if name.endswith("id") and name != "request_id":
        other = UUID(int=7)
    if name == "on_behalf_of":
        other = UUID(int=7)

    change: dict[str, Any] = {name: other}
    assert event_bytes(replace(Said(), **change)) != event_bytes(Said())


@given(st.lists(st.text()), st.lists(st.text()))
def test_different_parts_never_have_the_same_bytes(some: list[str], others: list[str]) -> None:
    assert (together(*some) == together(*others)) == (some == others)


def test_what_is_absent_is_not_empty() -> None:
    assert together(None) != together("")


def test_an_instant_is_utc_to_the_microsecond() -> None:
    noon_in_delhi = datetime(2026, 1, 31, 12, 0, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    assert instant(noon_in_delhi) == "2026-01-31T06:30:00.000000Z"
    with pytest.raises(ValueError, match="an instant has a time zone"):
        instant(noon_in_delhi.replace(tzinfo=None))


def test_an_event_of_one_trail_is_no_event_of_another(settings: Any) -> None:
    settings.AUDIT_SIGNING_KEY = "a key of the tests"
    event = event_bytes(Said())

    assert mac_of(TRAIL, event).hex() == "6a7bc33a07ea38422f7815921708f3e104eaae095005feaaefc4778c1f5843e0"
    assert mac_of(TRAIL, event) != mac_of(UUID(int=0), event)


def test_a_head_is_signed_for_everybody_to_check(settings: Any) -> None:
    settings.AUDIT_SIGNING_KEY = "a key of the tests"
    head = head_bytes(TRAIL, 3, bytes(32), bytes(32), Said().at)

    signature = sign(head)

    assert head_key().public_bytes_raw().hex() == "0779d517100e97a8f1604baeaad2f97e73fff258c4fb2e63dbb065dfcb613f66"
    assert is_signed(head, signature)
    assert not is_signed(head_bytes(TRAIL, 4, bytes(32), bytes(32), Said().at), signature)
    settings.AUDIT_SIGNING_KEY = "another key"
    assert not is_signed(head, signature)
