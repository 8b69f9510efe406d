"""Numbers of notifications: in commit order, without gaps, without circles; committed for real."""

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Barrier, Event
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, atomic
from chiron.kernel.ids import new_id
from chiron.notifications.models import Counter, Notification
from chiron.notifications.public import CHANNEL, Kind, notify
from chiron.postgres.beside import parameters_of
from chiron.tenancy.public import NoOrganization, inside
from tests.town import Clinic
from tests.waiting import until

ROUNDS = 60


def tell(*accounts: UUID, kind: Kind = Kind.BOOKED) -> None:
    notify(kind=kind, to=accounts, resource="appointments", resource_id=new_id(), now=now())


def tell_and_fail(account: UUID) -> None:
    tell(account)
    raise LookupError


def numbers(clinic: Clinic) -> dict[UUID, list[int | None]]:
    found = defaultdict(list)
    with inside(clinic.id):
        for account, number in Notification.objects.order_by("number").values_list("account_id", "number"):
            found[account].append(number)
    return dict(found)


def beside(*acts: Callable[[], None]) -> None:
    """Do these at the same time, each in a thread of its own."""

    def one(act: Callable[[], None]) -> None:
        try:
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(one, act) for act in acts]:
            done.result()


def test_each_account_counts_its_own_from_one(lakeside: Clinic) -> None:
    ama, kofi = new_id(), new_id()

    with inside(lakeside.id):
        tell(ama)
        tell(ama, kofi, ama)
    with inside(lakeside.id):
        tell(kofi)

    assert numbers(lakeside) == {ama: [1, 2], kofi: [1, 2]}
    with inside(lakeside.id):
        assert dict(Counter.objects.values_list("id", "last")) == {ama: 2, kofi: 2}


def test_in_one_transaction_numbers_follow_the_order_of_telling(lakeside: Clinic) -> None:
    ama = new_id()

    with inside(lakeside.id):
        for kind in (Kind.BOOKED, Kind.MOVED, Kind.CANCELLED):
            tell(ama, kind=kind)

    with inside(lakeside.id):
        told = list(Notification.objects.order_by("number").values_list("number", "kind"))
    assert told == [(1, "appointment.booked"), (2, "appointment.moved"), (3, "appointment.cancelled")]


def test_what_is_rolled_back_leaves_no_row_and_no_gap(lakeside: Clinic) -> None:
    ama = new_id()

    with inside(lakeside.id):
        tell(ama)
    with pytest.raises(LookupError), inside(lakeside.id):
        tell_and_fail(ama)
    with inside(lakeside.id):
        tell(ama)
        with pytest.raises(LookupError), atomic(CLINICAL):
            tell_and_fail(ama)

    assert numbers(lakeside) == {ama: [1, 2]}


def test_numbers_come_with_the_outermost_block_of_the_organization(lakeside: Clinic) -> None:
    ama = new_id()

    with inside(lakeside.id):
        with inside(lakeside.id):
            tell(ama)
        within = Notification.objects.get().number

    assert within is None
    assert numbers(lakeside) == {ama: [1]}


def test_outside_of_an_organization_nobody_is_told(lakeside: Clinic) -> None:
    with pytest.raises(NoOrganization):
        tell(new_id())


def test_those_who_tell_the_same_accounts_in_opposite_order_never_wait_in_a_circle(lakeside: Clinic) -> None:
    ama, kofi = sorted([new_id(), new_id()])
    both = Barrier(2, timeout=20)

    def telling(first: UUID, second: UUID) -> Callable[[], None]:
        def tell_both() -> None:
            for _ in range(ROUNDS):
                both.wait()
                with inside(lakeside.id):
                    tell(first)
                    both.wait()
                    with atomic(CLINICAL):
                        tell(second)

        return tell_both

    beside(telling(ama, kofi), telling(kofi, ama))

    assert numbers(lakeside) == {ama: list(range(1, 2 * ROUNDS + 1)), kofi: list(range(1, 2 * ROUNDS + 1))}


def test_who_has_seen_a_number_never_sees_a_smaller_one_appear(lakeside: Clinic) -> None:
    ama, done, looks = new_id(), Event(), list[list[int | None]]()

    def write() -> None:
        for n in range(ROUNDS):
            with inside(lakeside.id):
                tell(ama)
                if n % 3 == 0:
                    tell(ama, new_id())

    def write_all() -> None:
        try:
            beside(write, write, write)
        finally:
            done.set()

    def read() -> None:
        while not done.is_set():
            looks.append(numbers(lakeside).get(ama, []))

    beside(write_all, read)

    assert numbers(lakeside)[ama] == list(range(1, 4 * ROUNDS + 1))
    assert [look for look in looks if look != list(range(1, len(look) + 1))] == []


def test_listeners_hear_ids_once_it_is_committed_and_nothing_else(lakeside: Clinic) -> None:
    ama, kofi = sorted([new_id(), new_id()])
    heard: list[str] = []
    with psycopg.connect(**parameters_of(settings.DATABASES[CLINICAL]), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")

        with inside(lakeside.id):
            tell(ama)
            tell(kofi, ama)
            before = list(listener.notifies(timeout=0.1))
        with pytest.raises(LookupError), inside(lakeside.id):
            tell_and_fail(ama)

        def listen() -> bool:
            heard.extend(each.payload for each in listener.notifies(timeout=0.1))
            return len(heard) >= 2

        until(listen)
        heard.extend(each.payload for each in listener.notifies(timeout=0.1))
    assert (before, sorted(heard)) == ([], [f"{lakeside.id} {ama}", f"{lakeside.id} {kofi}"])


def test_telling_many_takes_as_many_queries_as_telling_one(
    lakeside: Clinic, django_assert_num_queries: Callable[..., AbstractContextManager[object]]
) -> None:
    for many in (1, 40):
        with inside(lakeside.id), django_assert_num_queries(2, connection=connections[CLINICAL]):
            tell(*[new_id() for _ in range(many)], kind=Kind.ASSIGNED)
