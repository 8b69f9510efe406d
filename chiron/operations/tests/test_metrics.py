"""`/metrics`: for whom, what it tells, and that it tells nothing of people or organizations."""

import re
import time
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client, RequestFactory
from prometheus_client.parser import text_string_to_metric_families

from chiron.identity.public import Role
from chiron.jobs.public import enqueue
from chiron.jobs.tests.tasks import note
from chiron.kernel.db import ALIASES, CLINICAL, atomic, cursor
from chiron.kernel.ids import new_id
from chiron.operations import counting
from chiron.tenancy.public import inside
from tests.serving import serving
from tests.town import Clinic

TOKEN = "a token that only the scraper knows"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def wanted(settings: Any) -> Any:
    """Metrics are on."""
    settings.METRICS_TOKEN = TOKEN
    settings.MIDDLEWARE = ["chiron.operations.counting.counted", *settings.MIDDLEWARE]
    return settings


def scrape(token: str = TOKEN) -> Any:
    return Client().get("/metrics", headers={"authorization": f"Bearer {token}", "host": "10.0.0.7:8000"})


def samples(text: str) -> Samples:
    """Each figure by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def figure(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


def test_where_nobody_asked_for_metrics_there_are_none(town: Any) -> None:
    answer = scrape()

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize("token", ["", "guess", TOKEN[:-1], "\u00e9"])
def test_without_the_token_nothing_is_told(token: str, wanted: Any, town: Any) -> None:
    answer = scrape(token)

    assert answer.status_code == 401
    assert b"chiron_" not in answer.content


def test_requests_are_counted_by_the_template_of_their_address(wanted: Any, hilltop: Clinic) -> None:
    labels = {"method": "GET", "route": "api/patients/<uuidstr:patient_id>"}
    before = samples(scrape().content.decode())
    client = hilltop.client(Role.ADMIN)

    for id in (hilltop.patient_id, hilltop.other_patient_id, uuid4()):
        client.get(f"/api/patients/{id}")
    client.generic("INVENTED", "/api/patients")

    after = samples(scrape().content.decode())
    for status, number in (("200", 2), ("404", 1)):
        counted = [figure(each, "chiron_requests_total", **labels, status=status) for each in (before, after)]
        assert counted[1] - counted[0] == number
    timed = [figure(each, "chiron_request_seconds_count", route=labels["route"]) for each in (before, after)]
    assert timed[1] - timed[0] == 3
    assert {dict(labels).get("method", "GET") for _, labels in after} <= {*counting.METHODS, "other"}


def test_the_queue_the_sealer_and_the_databases_are_told(wanted: Any, hilltop: Clinic) -> None:
    with inside(hilltop.id):
        enqueue(note, thing_id=new_id())
        enqueue(note, thing_id=new_id())
    with atomic(CLINICAL), cursor(CLINICAL) as queue:
        queue.execute("SET LOCAL search_path TO public")
        queue.execute(
            "INSERT INTO procrastinate_jobs (task_name, status, attempts, args, queue_name) VALUES"
            " ('tests.dead', 'failed', 8, '{}', 'default'), ('tests.again', 'todo', 2, '{}', 'default')"
        )

    found = samples(scrape().content.decode())

    assert figure(found, "chiron_jobs", job="tests.note", state="waiting") == 2
    assert figure(found, "chiron_jobs", job="tests.dead", state="dead") == 1
    assert figure(found, "chiron_jobs", job="tests.again", state="retrying") == 1
    assert figure(found, "chiron_jobs_dead") >= 1
    assert ("chiron_jobs_oldest_seconds", ()) in found
    assert ("chiron_sealer_lag_seconds", ()) in found
    assert {figure(found, "chiron_database_up", database=each) for each in ALIASES} == {1}
    assert figure(found, "chiron_connections", database="clinical", state="active") >= 1


def test_nothing_of_people_or_organizations_is_told(wanted: Any, hilltop: Clinic) -> None:
    client = hilltop.client(Role.ADMIN)
    client.get("/api/patients", {"q": "Mensah"}, headers={"x-organization": "hilltop"})
    client.get(f"/api/patients/{hilltop.patient_id}")
    client.get("/api/nowhere/Mensah")
    with inside(hilltop.id):
        enqueue(note, thing_id=hilltop.patient_id)

    told = scrape().content.decode()

    assert not re.search(r"(?i)mensah|hilltop|[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{32}", told)


def test_counting_costs_next_to_nothing(db: None) -> None:
    """Seven microseconds measured; a request takes a few thousand."""
    request = RequestFactory().get("/health/live")
    answer = Client().get("/health/live")
    handle, rounds = counting.counted(lambda _: answer), 2000

    began = time.process_time()
    for _ in range(rounds):
        handle(request)

    assert (time.process_time() - began) / rounds < 0.0005


def test_the_counts_of_all_processes_of_a_server_are_added_up(lakeside: Clinic) -> None:
    with serving("--workers", "2", METRICS_TOKEN=TOKEN) as server:
        for _ in range(40):
            server.call("GET", "/api/departments", lakeside.tokens[Role.ADMIN]).read()
        scrapes = [server.call("GET", "/metrics", TOKEN) for _ in range(6)]
        found = [samples(answer.read().decode()) for answer in scrapes]

    labels = {"method": "GET", "route": "api/departments", "status": "200"}
    assert {figure(each, "chiron_requests_total", **labels) for each in found} == {40.0}
