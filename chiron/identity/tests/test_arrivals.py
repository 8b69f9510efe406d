"""Accounts of an older system arrive with the passwords they had, once, and take nobody's name."""

from typing import Any

import pytest
from django.contrib.auth.hashers import make_password

from chiron.audit.models import Event
from chiron.identity.errors import WrongCredentials
from chiron.identity.models import Account, Membership, SecondFactor
from chiron.identity.public import AccountArrival, Role, admit_accounts, settled_accounts
from chiron.identity.tests.factories import PASSWORD, new_account, post
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import NotPermitted
from chiron.kernel.ids import new_id
from tests.town import Clinic


def somebody(**of: Any) -> AccountArrival:
    account_id = new_id()
    usual: dict[str, Any] = {
        "id": account_id, "username": f"efua-{account_id.hex}", "email": f"{account_id.hex}@example.org",
        "password": make_password(PASSWORD), "roles": (Role.RECEPTIONIST.value,), "created_at": now(),
    }  # fmt: skip
    return AccountArrival(**usual | of)


def test_who_arrives_signs_in_and_who_arrived_before_is_left_alone(hilltop: Clinic) -> None:
    by, arrival = hilltop.who[Role.ADMIN], somebody(email_verified=True)

    refused = [admit_accounts(by=by, arrivals=[arrival], now=now()) for _ in range(2)]

    assert refused == [set(), set()]
    assert post("/auth/login", {"username": arrival.email, "password": PASSWORD}).status_code == 200
    [(settled, membership, signed_in)] = settled_accounts(hilltop.id, [arrival.id]).values()
    assert (settled, membership.roles, signed_in) == (arrival, ["RECEPTIONIST"], True)
    told = Event.objects.using("accounts").filter(action="membership.created", resource_id=membership.id)
    assert told.count() == 1


def test_a_name_or_an_address_that_is_taken_is_refused_whatever_its_case(hilltop: Clinic) -> None:
    held = new_account()
    arrivals = [
        somebody(username=held.username.upper()),
        somebody(email=f"{held.username.upper()}@example.org"),
        first := somebody(),
        somebody(username=first.username.title()),
    ]

    refused = admit_accounts(by=hilltop.who[Role.ADMIN], arrivals=arrivals, now=now())

    assert refused == {arrivals[0].id, arrivals[1].id, arrivals[3].id}
    assert not Account.objects.filter(id__in=refused).exists()
    assert Membership.objects.filter(account_id=first.id).count() == 1


def test_without_a_hash_nobody_signs_in_and_with_an_app_nobody_without_its_code(hilltop: Clinic) -> None:
    locked, guarded = somebody(password=None), somebody(totp_secret="JBSWY3DPEHPK3PXP" * 2)
    admit_accounts(by=hilltop.who[Role.ADMIN], arrivals=[locked, guarded], now=now())

    refused = post("/auth/login", {"username": locked.username, "password": PASSWORD})
    challenged = post("/auth/login", {"username": guarded.username, "password": PASSWORD})

    assert refused.json()["type"] == f"/problems/{WrongCredentials.code}"
    assert "mfa_token" in challenged.json()
    assert bytes(SecondFactor.objects.get(account_id=guarded.id).secret).find(b"JBSW") == -1


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.PATIENT, Role.LAB])
def test_only_who_makes_members_admits_anybody(role: Role, hilltop: Clinic) -> None:
    arrival = somebody()

    for by in (hilltop.who[role], Caller(operator=True), Caller()):
        with pytest.raises(NotPermitted):
            admit_accounts(by=by, arrivals=[arrival], now=now())

    assert not Account.objects.filter(id=arrival.id).exists()
