"""A limit of L lets exactly L pass, however many come at once, and grows back evenly."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from chiron.identity.digests import digest_of
from chiron.identity.limits import Rate, admit, network_of, rates, spend
from chiron.identity.models import Allowance
from chiron.identity.tests.factories import NINE, PASSWORD, new_member, post, problem, signed_in, with_token
from chiron.kernel.access import Caller
from chiron.kernel.ids import new_id

FIVE = Rate(5, 60)


def passes(key: object, seconds: float = 0, rate: Rate = FIVE) -> bool:
    return spend("sign-in.address", rate, key, NINE + timedelta(seconds=seconds)).allowed


def passed(rate: Rate, callers: int, each: int) -> int:
    """How many of many calls at one moment pass."""
    key, start = new_id(), Barrier(callers)

    def run(_: int) -> int:
        start.wait()
        try:
            return sum(passes(key, rate=rate) for _ in range(each))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(callers) as threads:
        return sum(threads.map(run, range(callers)))


@pytest.mark.parametrize("limit", [1, 7, 60])
def test_of_two_hundred_calls_at_once_the_limit_passes_and_never_one_more(limit: int, fresh_organization: Any) -> None:
    assert passed(Rate(limit, 60), callers=50, each=4) == limit


@pytest.mark.stress
@pytest.mark.parametrize("limit", [1, 7, 13, 60, 199, 600])
def test_of_ten_thousand_calls_at_once_the_limit_passes(limit: int, fresh_organization: Any) -> None:
    assert passed(Rate(limit, 3600), callers=100, each=100) == limit


def test_a_spent_allowance_grows_back_call_by_call(db: None) -> None:
    key = new_id()

    assert [passes(key) for _ in range(6)] == [True] * 5 + [False]
    assert [passes(key, 11.9), passes(key, 12), passes(key, 12)] == [False, True, False]
    assert [passes(key, 72) for _ in range(6)] == [True] * 5 + [False]


def test_each_has_an_allowance_of_their_own(db: None) -> None:
    one, other = new_id(), new_id()

    assert [passes(one) for _ in range(6)][-1] is False
    assert passes(other)
    assert spend("code.address", FIVE, one, NINE).allowed


def test_a_clock_that_is_a_little_late_neither_gives_nor_takes(db: None) -> None:
    key = new_id()

    assert [passes(key, 0), passes(key, -1), passes(key, -1), passes(key, 0), passes(key, 0), passes(key, 0)] == [
        *[True] * 5, False,
    ]  # fmt: skip


def test_where_one_stands_is_said_in_the_words_of_the_draft(db: None) -> None:
    key = new_id()

    first, second = (spend("sign-in.address", FIVE, key, NINE).headers() for _ in range(2))

    assert first == {"RateLimit-Policy": '"sign-in-address";q=5;w=60', "RateLimit": '"sign-in-address";r=4;t=12'}
    assert second["RateLimit"] == '"sign-in-address";r=3;t=24'


def test_no_address_is_stored(db: None, settings: Any) -> None:
    before = set(Allowance.objects.values_list("id", flat=True))
    admit("sign-in", by=Caller(address="192.0.2.7"), now=NINE)

    [id] = set(Allowance.objects.values_list("id", flat=True)) - before
    assert id == digest_of("limit sign-in.address", "192.0.2.7")
    settings.SECRET_KEY = "another"
    assert id != digest_of("limit sign-in.address", "192.0.2.7")
    assert {field.name for field in Allowance._meta.fields} == {"id", "full_at"}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("somewhere", "somewhere"),
        ("", ""),
    ],
)
def test_whoever_has_an_address_of_version_six_has_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_the_usual_limits_can_be_set_otherwise(settings: Any) -> None:
    settings.RATE_LIMITS = "sign-in.address=7/30, code.address=1/1"

    assert rates()["sign-in.address"] == Rate(7, 30)
    assert rates()["code.address"] == Rate(1, 1)
    assert rates()["refresh.address"] == Rate(600, 60)


@pytest.mark.parametrize("text", ["sign-in=1/1", "sign-in.address=1", "sign-in.address=0/60", "sign-in.address=-1/60"])
def test_what_is_no_limit_is_refused(text: str, settings: Any) -> None:
    settings.RATE_LIMITS = text

    with pytest.raises(ImproperlyConfigured, match="RATE_LIMITS"):
        rates()


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("sign-in.address", "/auth/login", {"username": "nobody", "password": "wrong"}),
    ("refresh.address", "/auth/refresh", {"refresh": "abc"}),
    ("code.address", "/auth/mfa/verify", {"mfa_token": "abc", "code": "123456"}),
    ("register.address", "/auth/register", {"username": "", "password": "x"}),
]


@pytest.mark.parametrize(("limit", "path", "body"), CALLS)
def test_past_it_an_address_is_told_to_wait(
    limit: str, path: str, body: dict[str, Any], db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.operation.now", lambda: NINE)
    settings.RATE_LIMITS = f"{limit}=2/60"
    settings.TRUSTED_PROXIES = 1

    answers = [post(path, body, x_forwarded_for="192.0.2.7") for _ in range(3)]

    policy = limit.replace(".", "-")
    assert [answer.headers["RateLimit"] for answer in answers] == [
        f'"{policy}";r={left};t={seconds}' for left, seconds in ((1, 30), (0, 60), (0, 30))
    ]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {f'"{policy}";q=2;w=60'}
    assert answers[1].status_code in (401, 422)
    assert problem(answers[2]) == (429, "too-many-requests")
    assert answers[2].headers["Retry-After"] == "30"
    assert post(path, body, x_forwarded_for="192.0.2.8").status_code == answers[0].status_code


def test_an_organization_registers_so_many_and_no_more(hilltop: Any, settings: Any) -> None:
    settings.RATE_LIMITS = "register.organization=1/3600"

    def register(name: str) -> Any:
        said = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "role": "PATIENT"}
        return post("/auth/register", said | {"organization": "hilltop"})

    assert register("esi").status_code == 201
    assert problem(register("efua")) == (429, "too-many-requests")


def test_whoever_is_signed_in_guesses_five_times_at_the_own_password(hilltop: Any) -> None:
    token = signed_in(new_member(hilltop.id)).access

    def guess(password: str) -> Any:
        said = {"old_password": password, "password": "nine calm lions"}
        return with_token(token).post("/api/auth/password/change", said, content_type="application/json")

    assert [guess("wrong").status_code for _ in range(6)] == [403] * 5 + [423]
    refused = guess(PASSWORD)
    assert problem(refused) == (423, "locked-out")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_a_success_takes_the_failures_back(hilltop: Any) -> None:
    token = signed_in(new_member(hilltop.id)).access

    def setup(password: str) -> int:
        said = {"password": password}
        return int(with_token(token).post("/api/auth/mfa/setup", said, content_type="application/json").status_code)

    assert [setup(each) for each in ["wrong"] * 4 + [PASSWORD] + ["wrong"] * 5] == [403] * 4 + [200] + [403] * 5
    assert setup(PASSWORD) == 423
