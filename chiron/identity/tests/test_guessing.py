"""Guessing is bounded from however many addresses, and the owner still gets in from a known device (promise A6)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from chiron.identity import guesses
from chiron.identity.challenges import challenge
from chiron.identity.devices import device_token, known_device
from chiron.identity.directory import Choice
from chiron.identity.lockouts import FREE, attempt, forgive
from chiron.identity.models import Account, Lockout, Membership
from chiron.identity.passwords import fits
from chiron.identity.public import Role
from chiron.identity.services.administration import Admitted, admit
from chiron.identity.services.mfa import finish_sign_in
from chiron.identity.services.sign_in import sign_in
from chiron.identity.tests.factories import NINE, PASSWORD, new_member, post, problem
from chiron.identity.tests.test_code_races import enrolled
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import DomainError, LockedOut
from chiron.kernel.ids import new_id


@pytest.fixture
def member(hilltop: Any) -> Membership:
    return new_member(hilltop.id, Role.RECEPTIONIST, username="Ama.Owusu", email="ama@example.org")


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each password was looked at."""
    seen: Counter[str] = Counter()

    def looked_at(password: str, encoded: str | None, renew: Callable[[str], None] | None = None) -> bool:
        seen[password] += 1
        return fits(password, encoded, renew)

    monkeypatch.setattr(guesses, "fits", looked_at)
    return seen


def guess(name: str, password: str, at: datetime, address: str = "192.0.2.7", device: str = "") -> int:
    """The status of one attempt to sign in."""
    try:
        by = Caller(address=address)
        sign_in(by=by, name=name, password=password, choice=Choice("hilltop"), device=device, now=at)
    except DomainError as refusal:
        return refusal.status
    return 200


def many(name: str, number: int, addresses: int) -> Counter[int]:
    """What became of so many guesses, one a second, each address in turn."""
    return Counter(
        guess(name, "wrong", NINE + timedelta(seconds=second), address=f"2001:db8:{second % addresses:x}::1")
        for second in range(number)
    )


@pytest.mark.parametrize(("number", "addresses"), [(500, 50), pytest.param(10_000, 1_000, marks=pytest.mark.stress)])
def test_of_many_guesses_from_many_addresses_few_are_looked_at(
    number: int, addresses: int, member: Membership, evaluated: Counter[str], shown: Callable[[str, str], None]
) -> None:
    known = device_token(member.account)

    answers = many("Ama.Owusu", number, addresses)

    assert set(answers) == {401, 423}
    assert answers[401] == evaluated["wrong"] <= (9 if number == 500 else 13)
    end = NINE + timedelta(seconds=number)
    assert guess("Ama.Owusu", PASSWORD, end) == 423
    assert guess("Ama.Owusu", PASSWORD, end, device=known) == 200
    assert guess("Ama.Owusu", PASSWORD, end) == 423
    shown(
        "A6",
        f"{number:,} guesses from {addresses:,} addresses at one account: {answers[401]} looked at; then its owner's"
        " known device was let in, and a strange one with the right password was not",
    )


def test_a_hundred_guesses_take_three_months(db: None) -> None:
    lock, at, looked_at = str(new_id()), NINE, 0

    while looked_at < 100:
        try:
            attempt(lock, now=at)
            looked_at += 1
        except LockedOut as refusal:
            at += timedelta(seconds=refusal.retry_after or 0)

    assert timedelta(days=84) < at - NINE < timedelta(days=92)


def test_of_fifty_guesses_at_one_moment_five_are_looked_at(fresh_organization: Any) -> None:
    lock, start = str(new_id()), Barrier(50)

    def guess_four_times(_: int) -> int:
        start.wait()
        try:
            return sum(is_looked_at(lock) for _ in range(4))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(50) as threads:
        assert sum(threads.map(guess_four_times, range(50))) == FREE


def is_looked_at(lock: str, at: datetime = NINE) -> bool:
    try:
        attempt(lock, now=at)
    except LockedOut:
        return False
    return True


def test_each_failure_after_the_fifth_doubles_the_pause(db: None) -> None:
    lock, at, pauses = str(new_id()), NINE, []

    for _ in range(FREE - 1):
        attempt(lock, now=at)
    for _ in range(13):
        attempt(lock, now=at)
        with pytest.raises(LockedOut) as refused:
            attempt(lock, now=at)
        pauses.append((refused.value.retry_after or 0) // 60)
        at += timedelta(minutes=pauses[-1])

    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440, 1440]


def test_success_forgives(db: None) -> None:
    lock = str(new_id())
    for _ in range(FREE):
        attempt(lock, now=NINE)

    forgive(lock)

    assert [is_looked_at(lock) for _ in range(FREE + 1)] == [True] * FREE + [False]


@pytest.mark.parametrize(
    ("name", "variants"),
    [
        ("Ama.Owusu", ["ama.owusu", "AMA.OWUSU", "\uff21ma.Owusu", "ama.owu\u017fu"]),
        ("ama@example.org", ["AMA@EXAMPLE.ORG", " ama@example.org"]),
        ("nobody.is", ["NOBODY.IS", "nobody.\u0131s", "nobody.i\u017f"]),
    ],
)
def test_another_way_of_typing_a_name_is_no_other_name(name: str, variants: list[str], member: Membership) -> None:
    for _ in range(FREE):
        guess(name, "wrong", NINE)

    assert [guess(each, "wrong", NINE) for each in variants] == [423] * len(variants)


def test_a_known_device_has_five_failures_of_its_own_and_no_more(member: Membership, evaluated: Counter[str]) -> None:
    device = device_token(member.account)

    answers = [guess("Ama.Owusu", "wrong", NINE, device=device) for _ in range(8)]

    assert answers == [401] * 5 + [423] * 3
    assert evaluated["wrong"] == 5
    assert guess("Ama.Owusu", PASSWORD, NINE) == 200


def test_a_device_is_known_to_the_account_that_signed_in_on_it_and_dies_with_the_password(
    member: Membership, hilltop: Any
) -> None:
    token = device_token(member.account)
    assert known_device(member.account, token) is not None
    assert known_device(new_member(hilltop.id).account, token) is None
    assert known_device(None, token) is None
    assert known_device(member.account, token[:-2]) is None
    assert known_device(member.account, "") is None
    account = Account.objects.get(id=member.account_id)
    account.set_password("nine calm lions")

    assert known_device(account, token) is None


def test_a_sign_in_makes_the_device_known_by_header_or_cookie(member: Membership) -> None:
    said = {"username": "Ama.Owusu", "password": PASSWORD}
    page = {"x_auth_mode": "cookie", "origin": "http://testserver"}

    by_header, by_cookie = post("/auth/login", said), post("/auth/login", said, **page)
    again = post("/auth/login", said, x_device_token=by_header.headers["X-Device-Token"])

    assert known_device(member.account, by_header.headers["X-Device-Token"])
    cookie = by_cookie.cookies["chiron-device"]
    assert known_device(member.account, cookie.value)
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert "X-Device-Token" not in by_cookie.headers
    assert "X-Device-Token" not in again.headers
    assert "X-Device-Token" not in post("/auth/login", said | {"password": "wrong"}).headers


def test_codes_are_guessed_five_times_as_well(member: Membership) -> None:
    enrolled(member.account)

    def verify(code: str, device: str = "") -> Any:
        token = challenge(member.account, member, now()).mfa_token
        return post("/auth/mfa/verify", {"mfa_token": token, "code": code}, x_device_token=device)

    answers = [verify("000000") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [423]
    assert problem(answers[5]) == (423, "locked-out")
    assert verify("000000", device_token(member.account)).status_code == 401


def test_a_password_alone_forgives_no_codes(member: Membership) -> None:
    enrolled(member.account)
    for _ in range(5):
        assert guess("Ama.Owusu", PASSWORD, NINE) == 200
        with pytest.raises(DomainError):
            finish(member)

    assert guess("Ama.Owusu", PASSWORD, NINE) == 200
    with pytest.raises(LockedOut):
        finish(member)


def finish(member: Membership) -> None:
    finish_sign_in(by=Caller(), mfa_token=challenge(member.account, member, NINE).mfa_token, code="000000", now=NINE)


def test_a_lockout_says_when_it_ends_and_is_the_same_for_nobody(member: Membership) -> None:
    answers = {}
    for name in ("Ama.Owusu", "nobody"):
        for _ in range(FREE):
            post("/auth/login", {"username": name, "password": "wrong"})
        answers[name] = post("/auth/login", {"username": name, "password": PASSWORD})

    known, unknown = answers.values()
    assert problem(known) == (423, "locked-out")
    assert known.content == unknown.content
    assert {known.headers["Retry-After"], unknown.headers["Retry-After"]} <= {"59", "60"}


def test_no_name_is_stored(member: Membership) -> None:
    guess("Ama.Owusu", "wrong", NINE)

    assert {field.name for field in Lockout._meta.fields} == {"id", "failures", "until"}


def test_guessing_at_the_door_of_the_administration_counts_as_well(hilltop: Any, evaluated: Counter[str]) -> None:
    admin = new_member(hilltop.id, Role.ADMIN, username="Yaa")

    def admitted(password: str) -> bool:
        return admit(by=Caller(), name="Yaa", password=password, now=NINE) is not None

    assert [admitted("wrong") for _ in range(3)] == [False] * 3
    assert [guess("yaa", "wrong", NINE) for _ in range(3)] == [401, 401, 423]
    assert not admitted(PASSWORD)
    assert evaluated == {"wrong": 5}
    later = NINE + timedelta(minutes=1)
    assert admit(by=Caller(), name="Yaa", password=PASSWORD, now=later) == Admitted(admin.account, None)
