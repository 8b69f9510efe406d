"""Nobody learns who has an account: not by body, status or headers, and not by the clock (promise A7)."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from statistics import median
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password

from chiron.identity import passwords
from chiron.identity.email import set_email
from chiron.identity.models import Account
from chiron.identity.public import Role
from chiron.identity.tests.factories import PASSWORD, new_account, new_member, post
from chiron.kernel.ids import new_id

TIMINGS = 2000
Shown = Callable[[str, str], None]
OWN = {"X-Request-Id", "X-Device-Token"}


def plain(answer: Any) -> tuple[int, dict[str, str]]:
    """The status, and every header that is not made for this one answer."""
    return answer.status_code, {name: value for name, value in answer.items() if name not in OWN}


def login(name: str, address: str) -> Any:
    return post("/auth/login", {"username": name, "password": "wrong"}, x_forwarded_for=address)


def register(email: str, address: str = "", username: str = "") -> Any:
    username = username or f"new-{new_id().hex}"
    said = {"username": username, "email": email, "password": PASSWORD, "role": "PATIENT", "organization": "hilltop"}
    return post("/auth/register", said, x_forwarded_for=address)


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(hilltop: Any, settings: Any, shown: Shown) -> None:
    settings.TRUSTED_PROXIES = 1
    new_member(hilltop.id, Role.LAB, username="ama", email="ama@example.org")

    known = [login(name, f"192.0.2.{at}") for at, name in enumerate(["ama"] * 7 + ["ama@example.org"] * 7)]
    unknown = [login(name, f"198.51.100.{at}") for at, name in enumerate(["nobody"] * 7 + ["nobody@example.org"] * 7)]

    assert [answer.content for answer in known] == [answer.content for answer in unknown]
    assert [plain(answer)[0] for answer in known] == ([401] * 5 + [423] * 2) * 2
    assert [without_seconds(answer) for answer in known] == [without_seconds(answer) for answer in unknown]
    shown("A7", f"{len(known)} refusals of a known account and as many of none: status, headers and body alike")


def without_seconds(answer: Any) -> tuple[int, dict[str, str]]:
    """Status and headers; how long to wait may differ by the second that passed between two calls."""
    status, headers = plain(answer)
    return status, headers | ({"Retry-After": "about a minute"} if "Retry-After" in headers else {})


def test_registering_with_an_address_in_use_is_answered_as_with_any_other(hilltop: Any, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    owner = new_account(email="esi@example.org")

    known, unknown = register("Esi@Example.org", "192.0.2.1", "one"), register("efu@example.org", "192.0.2.2", "two")

    assert plain(known) == plain(unknown)
    assert plain(known)[0] == 201
    assert shape(known.json()) == shape(unknown.json())
    assert known.json()["user"]["email"] == "Esi@Example.org"
    assert Account.objects.named("esi@example.org") == owner


def shape(value: Any) -> Any:
    """What is there and how long it is, without what it says."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return len(value) if isinstance(value, str) else value


def auc(ones: list[float], others: list[float]) -> float:
    """How often one of these is larger than one of those: 0.5 where they cannot be told apart."""
    ranked = sorted([(value, 1) for value in ones] + [(value, 0) for value in others])
    ranks = sum(rank for rank, (_, one) in enumerate(ranked, 1) if one)
    return (ranks - len(ones) * (len(ones) + 1) / 2) / (len(ones) * len(others))


def timed(calls: dict[str, list[Callable[[], Any]]]) -> tuple[float, float]:
    """The gap of the medians as a share, and the AUC, of two kinds of calls made in random order."""
    order = [(kind, call) for kind, each in calls.items() for call in each]
    Random(7).shuffle(order)
    took: dict[str, list[float]] = {kind: [] for kind in calls}
    for kind, call in order:
        started = time.perf_counter()
        call()
        took[kind].append(time.perf_counter() - started)
    known, unknown = took.values()
    return abs(median(known) / median(unknown) - 1), auc(known, unknown)


@pytest.fixture
def as_in_production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords cost what they cost in production."""
    for name, value in {"time_cost": 2, "memory_cost": 19 * 1024, "parallelism": 1}.items():
        monkeypatch.setattr(passwords.Argon2id, name, value)
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


def accounts(number: int) -> list[Account]:
    """Accounts that share one hash, which is as costly to check as any."""
    encoded, made = make_password(PASSWORD), []
    for _ in range(number):
        account = Account(username=f"known-{new_id().hex}", password=encoded)
        set_email(account, f"{account.username}@example.org")
        made.append(account)
    return Account.objects.bulk_create(made)


@pytest.mark.stress
def test_the_clock_does_not_tell_who_can_sign_in(hilltop: Any, as_in_production: None, shown: Shown) -> None:
    names = [account.username for account in accounts(TIMINGS)]
    strangers = [f"guess-{new_id().hex}" for _ in range(TIMINGS)]

    gap, area = timed(
        {
            kind: [partial(login, name, "192.0.2.7") for name in each]
            for kind, each in {"known": names, "unknown": strangers}.items()
        }
    )

    assert gap < 0.05
    assert abs(area - 0.5) <= 0.05
    shown("A7", f"sign-in, {TIMINGS:,} timings of known and unknown each: medians {gap:.2%} apart, AUC {area:.3f}")


@pytest.mark.stress
def test_the_clock_does_not_tell_whose_address_is_in_use(hilltop: Any, as_in_production: None, shown: Shown) -> None:
    taken = [f"{account.username}@example.org" for account in accounts(TIMINGS)]
    free = [f"free-{new_id().hex}@example.org" for _ in range(TIMINGS)]

    gap, area = timed(
        {kind: [partial(register, email) for email in each] for kind, each in {"known": taken, "unknown": free}.items()}
    )

    assert gap < 0.05
    assert abs(area - 0.5) <= 0.05
    shown("A7", f"register, {TIMINGS:,} timings of known and unknown each: medians {gap:.2%} apart, AUC {area:.3f}")
