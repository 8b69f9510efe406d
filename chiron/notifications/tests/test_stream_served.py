"""Streams of a real server, read as browsers read them: exact over reconnects and kill -9, closed when they must be."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from chiron.identity.models import Membership
from chiron.identity.public import Role
from chiron.identity.services.memberships import change_membership
from chiron.identity.services.organizations import change_organization
from chiron.identity.services.sign_in import sign_out
from chiron.identity.tests.factories import new_member, signed_in
from chiron.identity.tokens import verified
from chiron.kernel.clock import now
from chiron.kernel.ids import NIL, new_id
from chiron.notifications.models import Counter
from chiron.notifications.public import CHANNEL, Kind, notify
from chiron.tenancy.public import inside
from tests.listening import Reader, in_a_thread, reading, until
from tests.server import connect
from tests.serving import Serving, serving
from tests.town import OPERATOR, Clinic, drop_organization, make_organization

SECONDS_TO_CLOSE = 3.0
COMMITS = 100
LOOP = 6
"""Seconds within which the server takes a second death for one that will go on, and gives up."""


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[Serving]:
    """One server for all tests but those that end it."""
    with serving() as server:
        yield server


@pytest.fixture
def fresh_clinic(lakeside: Clinic, django_db_blocker: Any) -> Iterator[Clinic]:
    """Another clinic where everything commits."""
    organization = make_organization(None)
    yield Clinic(organization)
    drop_organization(organization)


def tell(organization_id: UUID, accounts: list[UUID], resource: str = "records") -> None:
    """Tell each of these once, in one transaction."""
    with inside(organization_id):
        notify(kind=Kind.ANNOTATED, to=accounts, resource=resource, resource_id=new_id(), now=now())


def told(organization_id: UUID) -> dict[UUID, int]:
    """How often each account was told something."""
    with inside(organization_id):
        return dict(Counter.objects.values_list("id", "last"))


def end_the_listener() -> None:
    """End the connection on which the server hears of what happens."""
    login = settings.DATABASES["clinical"]
    with connect(login, login["NAME"]) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE usename = current_user AND datname = current_database() AND query = %s",
            [f"LISTEN {CHANNEL}"],
        )


async def disturb(server: Serving, kills: int, dice: random.Random) -> None:
    """End what listens, and kill the process that answers, while everybody reads."""
    for _ in range(kills):
        await asyncio.sleep(dice.uniform(0.2, 1.0))
        await in_a_thread(end_the_listener)
        await asyncio.sleep(dice.uniform(0.2, 1.0))
        [worker] = server.workers()
        os.kill(worker, signal.SIGKILL)
        await until(lambda worker=worker: server.workers() not in ([worker], []))
        await asyncio.sleep(LOOP if kills > 1 else 0)


async def tell_everybody(clinic: Clinic, accounts: list[UUID], dice: random.Random) -> None:
    """`COMMITS` from four threads, each telling some of the accounts."""

    def work(chosen: list[list[UUID]]) -> None:
        for each in chosen:
            tell(clinic.id, each)

    chosen = [dice.sample(accounts, dice.choice([*[1] * 15, *[5] * 4, len(accounts)])) for _ in range(COMMITS)]
    shares = [in_a_thread(partial(work, chosen[at::4])) for at in range(4)]
    await asyncio.gather(*shares)


@pytest.mark.parametrize(("readers", "kills"), [(50, 1), pytest.param(200, 5, marks=pytest.mark.stress)])
def test_each_reader_is_told_everything_once_and_in_order_whatever_breaks(
    readers: int, kills: int, server: Serving, lakeside: Clinic
) -> None:
    members = [new_member(lakeside.id, Role.RECEPTIONIST) for _ in range(readers)]
    each = {member.account_id: Reader(signed_in(member).access, last=0) for member in members}
    seed = random.randrange(10**9)
    dice = random.Random(seed)

    async def work() -> None:
        async with reading([*each.values()], server.port, seed):
            await until(lambda: all(reader.opened for reader in each.values()))
            disturbing = asyncio.create_task(disturb(server, kills, dice))
            while not disturbing.done():
                await tell_everybody(lakeside, [*each], dice)
                await asyncio.sleep(0.5)
            await disturbing
            many = await in_a_thread(lambda: told(lakeside.id))
            await until(lambda: all(len(each[account].seen) >= last for account, last in many.items()), seconds=120)

    asyncio.run(work())

    many = told(lakeside.id)
    assert sum(many.values()) > COMMITS
    assert {account: reader.seen for account, reader in each.items() if account in many} == {
        account: list(range(1, last + 1)) for account, last in many.items()
    }, f"seed {seed}"
    assert max(reader.opened for reader in each.values()) > 1


ENDS: dict[str, Callable[[Clinic, Membership, str], object]] = {
    "signed out": lambda clinic, member, token: sign_out(by=verified(token).caller, now=now()),
    "other roles": lambda clinic, member, token: change_membership(
        by=clinic.who[Role.ADMIN], membership_id=member.id, roles=[Role.BILLER], now=now()
    ),
    "suspended": lambda clinic, member, token: change_organization(
        by=OPERATOR, organization_id=clinic.id, changes={}, suspended=True, now=now()
    ),
}


def test_a_stream_closes_within_seconds_of_what_ends_the_right_to_it(server: Serving, lakeside: Clinic) -> None:
    ways = {way: new_member(lakeside.id, Role.RECEPTIONIST) for way in ENDS}
    tokens = {way: signed_in(member).access for way, member in ways.items()}
    waits: dict[str, float] = {}

    async def end(way: str) -> None:
        reader = Reader(tokens[way], cookie=True)
        open_one = asyncio.create_task(reader.read(server.port))
        await until(lambda: reader.opened)
        await in_a_thread(lambda: ENDS[way](lakeside, ways[way], tokens[way]))
        began = time.monotonic()
        await asyncio.wait_for(open_one, 10)
        waits[way] = time.monotonic() - began
        assert reader.reason == "revoked"

    async def end_each() -> None:
        for way in ENDS:
            await end(way)

    asyncio.run(end_each())

    assert max(waits.values()) < SECONDS_TO_CLOSE, waits


def test_a_server_that_leaves_sends_its_readers_away_and_ends(lakeside: Clinic) -> None:
    readers = [Reader(lakeside.tokens[Role.ADMIN]) for _ in range(5)]

    async def leave(server: Serving) -> None:
        open_ones = [asyncio.create_task(each.read(server.port)) for each in readers]
        await until(lambda: all(each.opened for each in readers))
        os.kill(server.process.pid, signal.SIGTERM)
        await asyncio.wait_for(asyncio.gather(*open_ones), 5)

    with serving(DRAIN_SECONDS="2") as server:
        asyncio.run(leave(server))
        assert server.process.wait(15) == 0

    assert {each.reason for each in readers} == {"leaving"}


def test_nobody_hears_what_another_account_or_another_organization_is_told(
    server: Serving, lakeside: Clinic, fresh_clinic: Clinic
) -> None:
    """The same account is a member of both, another one of each; each thing told is a canary of its own."""
    here, there = new_member(lakeside.id, Role.DOCTOR), new_member(fresh_clinic.id, Role.DOCTOR)
    both = Membership.objects.create(
        account=here.account, organization=fresh_clinic.organization, roles=["PATIENT"], approved_at=now()
    )
    readers = {
        "here": Reader(signed_in(here).access, 0), "there": Reader(signed_in(there).access, 0),
        "both": Reader(signed_in(both).access, 0), "admin": Reader(lakeside.tokens[Role.ADMIN], 0),
    }  # fmt: skip

    async def work() -> None:
        async with reading([*readers.values()], server.port, 1):
            await until(lambda: all(each.opened for each in readers.values()))
            for _ in range(20):
                await in_a_thread(tell_canaries)
            await until(lambda: [len(readers[name].seen) for name in ("here", "there", "both")] == [20, 20, 20])

    def tell_canaries() -> None:
        tell(lakeside.id, [here.account_id], "canary-here")
        tell(fresh_clinic.id, [there.account_id], "canary-there")
        tell(fresh_clinic.id, [both.account_id], "canary-both")
        tell(lakeside.id, [there.account_id, NIL], "canary-nobody")

    asyncio.run(work())

    heard = {name: {each["resource"] for each in reader.said} for name, reader in readers.items()}
    assert heard == {"here": {"canary-here"}, "there": {"canary-there"}, "both": {"canary-both"}, "admin": set()}
