"""Keys turn in steps, between which two processes are restarted one after the other: no valid token is refused."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client, override_settings

from chiron.identity.errors import RefreshRefused
from chiron.identity.keys import new_key, signing_key
from chiron.identity.public import Role, SignedIn
from chiron.identity.services.sign_in import refresh
from chiron.identity.tests.factories import base64url, me, new_member, signed_in
from chiron.identity.tokens import forget_tokens
from chiron.kernel.access import Caller
from chiron.kernel.clock import now

OLD, NEW = base64url(b"o" * 32), base64url(b"n" * 32)
Step = tuple[str, list[str]]
STEPS: list[Step] = [(OLD, []), (OLD, [NEW]), (NEW, [OLD]), (NEW, [])]
BEFORE, NEXT_IS_KNOWN, TURNED, AFTER = STEPS


def states() -> Iterator[tuple[Step, Step]]:
    """What two processes know at the same time."""
    for here, there in pairwise(STEPS):
        yield from [(here, here), (there, here)]
    yield AFTER, AFTER


@contextmanager
def process(step: Step, setting: str = "JWT_SIGNING_KEY", accepted: str = "JWT_ACCEPTED_KEYS") -> Iterator[None]:
    """In a process that was started with these keys."""
    key, others = step
    forget_tokens()
    with override_settings(**{setting: key, accepted: others}):
        yield
    forget_tokens()


def test_no_valid_access_token_is_refused_while_the_key_turns(hilltop: Any) -> None:
    member, held = new_member(hilltop.id, Role.RECEPTIONIST), list[tuple[str, str]]()

    answers = []
    for processes in states():
        if AFTER in processes:  # five minutes later
            held = [(key, token) for key, token in held if key == NEW]
        for step in processes:
            with process(step):
                held.append((step[0], signed_in(member).access))
        for step in processes:
            with process(step):
                answers += [me(token).status_code for _, token in held]

    assert set(answers) == {200}
    assert len(answers) > 80


def test_no_valid_refresh_token_is_refused_while_its_secret_turns(hilltop: Any) -> None:
    names, opened = ("JWT_REFRESH_SECRET_KEY", "JWT_ACCEPTED_REFRESH_KEYS"), list[SignedIn]()
    for processes in states():
        if AFTER in processes:  # fourteen days later
            opened.clear()
        for step in processes:
            with process(step, *names):
                opened.append(signed_in(new_member(hilltop.id)))
                opened = [refresh(by=Caller(), token=each.refresh, now=now()) for each in opened]

    with process(BEFORE, *names), pytest.raises(RefreshRefused):
        refresh(by=Caller(), token=opened[-1].refresh, now=now())


def test_all_keys_that_are_accepted_are_published_and_the_one_that_signs_first(client: Client) -> None:
    with process(TURNED):
        published = [jwk["kid"] for jwk in client.get("/.well-known/jwks.json").json()["keys"]]
        signs = signing_key().id
    with process(BEFORE):
        before = signing_key().id

    assert published == [signs, before]


def test_the_command_says_what_signs_and_how_another_takes_over(capsys: pytest.CaptureFixture[str]) -> None:
    with process(TURNED):
        call_command("signing_keys")
        listed = capsys.readouterr().out.splitlines()
        call_command("signing_keys", "--new")
        told = capsys.readouterr().out

    assert [line.partition("  ")[2] for line in listed] == ["signs", "is accepted"]
    [accepted] = {line.partition("=")[2] for line in told.splitlines() if line.startswith("   JWT_ACCEPTED_KEYS=")} - {
        "",
        NEW,
    }
    assert len(accepted) == 44
    assert told.count(accepted) == 3
    assert told.count(NEW) == 2


def test_a_new_key_is_another_each_time() -> None:
    make: Callable[[], str] = new_key

    assert len({make() for _ in range(10)}) == 10
