"""Only our own tokens are believed (promise A4)."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from chiron.identity.roles import Role
from chiron.identity.tests.factories import me, problem
from chiron.identity.tests.forgeries import FORGERIES
from chiron.identity.tokens import verified
from chiron.kernel.errors import NotSignedIn

OF_EACH_KIND = 50


@pytest.mark.parametrize("kind", FORGERIES)
def test_fifty_forgeries_of_each_kind_are_refused(kind: str) -> None:
    dice = random.Random(kind)

    for _ in range(OF_EACH_KIND):
        with pytest.raises(NotSignedIn):
            verified(FORGERIES[kind](dice))


def test_no_forged_token_opens_a_door(hilltop: Any, shown: Callable[[str, str], None]) -> None:
    refused, accepted = dict.fromkeys(FORGERIES, 0), []
    for kind, forge in FORGERIES.items():
        dice = random.Random(kind)
        for _ in range(OF_EACH_KIND):
            status = me(forge(dice).replace("\n", "=").replace("\x00", "")).status_code
            refused[kind] += status == 401
            accepted += [] if status == 401 else [(kind, status)]

    assert me(hilltop.tokens[Role.DOCTOR]).status_code == 200
    assert accepted == []
    assert set(refused.values()) == {OF_EACH_KIND}
    assert sum(refused.values()) >= 200
    shown("A4", f"{sum(refused.values()):,} forged tokens of {len(refused)} kinds, {len(accepted)} accepted")


@pytest.mark.parametrize("kind", sorted(set(FORGERIES) - {"that_is_none"}))
def test_a_forgery_is_told_nothing_about_itself(kind: str, hilltop: Any) -> None:
    answers = [me(FORGERIES[kind](random.Random(seed)).replace("\n", "")) for seed in range(3)]

    assert {answer.content for answer in answers} == {Client().get("/api/users/me").content}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}
    assert {problem(answer) for answer in answers} == {(401, "not-signed-in")}
