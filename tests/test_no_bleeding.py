"""Many organizations over few threads, workers and pooled connections: nobody works on another's data (promise T3)."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from chiron.identity.public import Role
from chiron.jobs.public import Worker, enqueue, job
from chiron.kernel.db import CLINICAL, atomic, cursor
from chiron.registry.models import Department, Laboratory
from chiron.tenancy.public import Organization, current_organization_id, inside, role_of, schema_of
from tests.pooler import MISSING, PROGRAM, pooling
from tests.serving import serving
from tests.town import Clinic, add_person, drop_organization, make_organization
from tests.waiting import until

PEOPLE = 8
Shown = Callable[[str, str], None]
Sizes = tuple[int, int]


@pytest.fixture
def clinics(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Clinic]]:
    """So many clinics with an admin and a department that bears the clinic's name; everything commits."""
    with django_db_blocker.unblock():
        made = [Clinic(make_organization(None)) for _ in range(request.param)]
        for clinic in made:
            add_person(clinic, Role.ADMIN)
            with inside(clinic.id):
                Department.objects.create(name=clinic.organization.slug)
                Laboratory.objects.create(name="Blood", code="blood")
        yield made
        with atomic(CLINICAL), cursor(CLINICAL) as queue:
            queue.execute("SET LOCAL search_path TO public")
            queue.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'tests.look'")
        for clinic in made:
            drop_organization(clinic.organization)


def of_sizes(few: int, many: int) -> pytest.MarkDecorator:
    """So many visits to each of four clinics, and of fifty under stress."""
    return pytest.mark.parametrize(
        ("clinics", "visits"), [(4, few), pytest.param(50, many, marks=pytest.mark.stress)], indirect=["clinics"]
    )


def interleaved(clinics: list[Clinic], visits: int, visit: Callable[[Clinic, int], bool]) -> list[bool]:
    """Visit each clinic so often, in any order, by several people whose connections serve whoever comes next."""
    turns = [(clinic, number) for number in range(visits) for clinic in clinics]
    random.shuffle(turns)

    def go(person: int) -> list[bool]:
        try:
            return [visit(clinic, number) for clinic, number in turns[person::PEOPLE]]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(PEOPLE) as people:
        return [right for rights in people.map(go, range(PEOPLE)) for right in rights]


def transaction(clinic: Clinic, number: int) -> bool:
    """Whether a transaction saw its own clinic and nothing else; each tenth is broken off after it wrote."""
    own, seen = view_of(clinic.organization), None
    try:
        with inside(clinic.id):
            seen = view()
            if number % 3 == 1:
                Department.objects.create(name=f"{clinic.organization.slug} rolled back")
            if number % 10 == 3:
                raise InterruptedError
            Department.objects.filter(name__endswith=" rolled back").delete()
    except InterruptedError:
        return seen == own
    with atomic(CLINICAL):
        return seen == own and outside() == ("", "none")


def view_of(organization: Organization) -> tuple[str, str, set[str]]:
    return schema_of(organization.id), role_of(organization.id), {organization.slug}


def view() -> tuple[str, str, set[str]]:
    with cursor(CLINICAL) as ours:
        ours.execute("SELECT current_setting('search_path'), current_user")
        schema, role = ours.fetchone()
    return schema, role, set(Department.objects.values_list("name", flat=True))


def outside() -> tuple[str, str]:
    with cursor(CLINICAL) as ours:
        ours.execute("SELECT current_setting('search_path'), current_setting('role')")
        schema, role = ours.fetchone()
    return schema.strip('"'), role


def call(clinic: Clinic, number: int) -> bool:
    """Whether a call to the API was answered with its own clinic's data; each tenth is refused as it writes."""
    client = clinic.client(Role.ADMIN)
    if number % 10 == 3:
        taken = {"name": clinic.organization.slug, "code": "blood"}
        return bool(client.post("/api/labs", taken, content_type="application/json").status_code == 409)
    names = [each["name"] for each in client.get("/api/departments").json()["departments"]]
    return names == [clinic.organization.slug]


def all_right(outcomes: list[bool], clinics: list[Clinic], visits: int) -> None:
    assert outcomes == [True] * (len(clinics) * visits)


@of_sizes(500, 600)
def test_transactions_of_threads_see_their_own_organization(clinics: list[Clinic], visits: int, shown: Shown) -> None:
    outcomes = interleaved(clinics, visits, transaction)

    all_right(outcomes, clinics, visits)
    shown("T3", f"{PEOPLE} threads, {len(clinics)} organizations: {len(outcomes):,} transactions, 0 saw another's")


@of_sizes(50, 100)
def test_calls_see_their_own_organization(clinics: list[Clinic], visits: int, shown: Shown) -> None:
    outcomes = interleaved(clinics, visits, call)

    all_right(outcomes, clinics, visits)
    shown("T3", f"{PEOPLE} threads, {len(clinics)} organizations: {len(outcomes):,} calls, 0 answered with another's")


SEEN: list[tuple[str, bool]] = []


@job("tests.look", attempts=1)
def look(*, break_off: bool) -> None:
    """Note whether the organization of this job is the one that it sees."""
    organization_id = current_organization_id()
    schema, role, names = view()
    is_right = (schema, role, len(names)) == (schema_of(organization_id), role_of(organization_id), 1)
    SEEN.append((next(iter(names)), is_right))
    if break_off:
        raise InterruptedError


@of_sizes(10, 40)
def test_jobs_see_their_own_organization(clinics: list[Clinic], visits: int, shown: Shown) -> None:
    SEEN.clear()
    for number in range(visits):
        for clinic in clinics:
            with inside(clinic.id):
                enqueue(look, break_off=number % 10 == 3)
    worker = Worker(concurrency=PEOPLE)

    worker.start()
    try:
        until(lambda: len(SEEN) == len(clinics) * visits, seconds=200)
    finally:
        worker.stop()

    expected = sorted((clinic.organization.slug, True) for clinic in clinics for _ in range(visits))
    assert sorted(SEEN) == expected
    shown("T3", f"a worker, {len(clinics)} organizations: {len(SEEN):,} jobs, 0 in another's")


needs_a_pooler = pytest.mark.skipif(PROGRAM is None, reason=MISSING)


@contextmanager
def through(port: int) -> Iterator[None]:
    """Have new threads connect to clinical at that port."""
    clinical = settings.DATABASES[CLINICAL]
    before = {name: clinical[name] for name in ("HOST", "PORT")}
    clinical.update(HOST="127.0.0.1", PORT=port)
    try:
        yield
    finally:
        clinical.update(before)


@pytest.mark.stress
@needs_a_pooler
@pytest.mark.parametrize(("clinics", "visits"), [(50, 200)], indirect=["clinics"])
def test_connections_of_a_pooler_carry_nothing_over(clinics: list[Clinic], visits: int, shown: Shown) -> None:
    with pooling(size=3) as port, through(port):
        outcomes = interleaved(clinics, visits, transaction) + interleaved(clinics, visits // 4, call)

    all_right(outcomes, clinics, visits + visits // 4)
    shown(
        "T3",
        f"PgBouncer in transaction mode, {PEOPLE} threads over 3 connections, {len(clinics)} organizations:"
        f" {len(outcomes):,} transactions and calls, 0 saw another's",
    )


@pytest.mark.stress
@needs_a_pooler
@pytest.mark.parametrize("clinics", [1], indirect=True)
def test_a_server_with_its_worker_lives_behind_a_pooler(clinics: list[Clinic]) -> None:
    """Requests go through it, workers and the sealer past it."""
    [clinic] = clinics
    with pooling(size=3) as port:
        urls = {f"{alias.upper()}_DATABASE_URL": url_of(alias, port) for alias in ("accounts", "clinical", "research")}
        past = {"CLINICAL_DIRECT_URL": url_of("clinical", None)}
        sealer = {f"{alias.upper()}_SEALER_URL": sealer_url(alias) for alias in ("accounts", "clinical")}

        with serving(**urls, **past, **sealer) as server:
            made = server.call("POST", "/api/departments", clinic.tokens[Role.ADMIN], '{"name": "Eyes"}',
                               {"Content-Type": "application/json", "Idempotency-Key": "k"})  # fmt: skip
            made.read()
            with inside(clinic.id):
                enqueue(look, break_off=False)
            until(is_done)
            ready = server.call("GET", "/health/ready")
            told = ready.read()

    assert (made.status, ready.status) == (201, 200), told


def is_done() -> bool:
    """Whether the worker took the job: the server does not know this test's, so it is dead at once."""
    with atomic(CLINICAL), cursor(CLINICAL) as queue:
        queue.execute("SELECT status FROM public.procrastinate_jobs WHERE task_name = 'tests.look'")
        return bool(queue.fetchall() == [("failed",)])


def url_of(alias: str, port: int | None) -> str:
    return _url(settings.DATABASES[alias], port)


def sealer_url(alias: str) -> str:
    return _url(settings.SEALER_DATABASES[alias], None)


def _url(login: dict[str, Any], port: int | None) -> str:
    return f"postgresql://{login['USER']}:{login['PASSWORD']}@127.0.0.1:{port or login['PORT']}/{login['NAME']}"
