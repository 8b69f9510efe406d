"""The wrapper around every operation, with operations planted for the purpose (real commits in a fresh clinic)."""

from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import connections
from django.test import Client
from django.urls import path
from ninja import NinjaAPI, Router, Status
from structlog.testing import capture_logs

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.identity.revocations import revocations
from chiron.kernel import problems
from chiron.kernel.access import Call, needs
from chiron.kernel.clock import now
from chiron.kernel.db import cursor
from chiron.kernel.errors import Conflict
from chiron.kernel.ids import new_id
from chiron.postgres.owner import as_owner
from chiron.registry.models import Department, Patient
from chiron.registry.public import Entry, Person, create_patient
from chiron.registry.services.people import save_department
from chiron.tenancy.public import inside, role_of, schema_of
from config.operation import guarded
from tests.server import end_connections
from tests.town import PASSWORD, Clinic

pytestmark = pytest.mark.urls(__name__)

NAME = "Kwabena-Nobody-Logs-Me"
planted = Router()


def half_written(request: Call) -> None:
    save_department(
        by=request.caller, department_id=None, name="Half", kind="department", parent_id=None, active=True,
        if_match=None, now=now(),
    )  # fmt: skip


@planted.post("/refuses")
@needs("departments", "create")
def refuses(request: Call) -> None:
    """Writes half of it and refuses."""
    half_written(request)
    raise Conflict


@planted.post("/answers", response={200: Any, 409: Any})
@needs("departments", "create")
def answers(request: Call) -> Status[Any]:
    """Writes half of it and answers a refusal instead of raising it."""
    half_written(request)
    return Status(409, {})


@planted.post("/breaks")
@needs("departments", "create")
def breaks(request: Call) -> None:
    """Writes half of it and has a bug whose text holds a name."""
    half_written(request)
    raise ZeroDivisionError(NAME)


@planted.post("/loses")
@needs("departments", "create")
def loses(request: Call) -> None:
    """Writes half of it and loses its database."""
    half_written(request)
    end_connections("clinical")
    departments_within()


@planted.post("/succeeds", response=None)
@needs("departments", "create")
def succeeds(request: Call) -> None:
    """Writes all of it."""
    half_written(request)


@planted.get("/patients/{uuid:patient_id}")
@needs("patients", "read")
def hidden(request: Call, patient_id: UUID) -> None:
    """Refuses everybody."""
    raise Conflict


def planted_api() -> NinjaAPI:
    api = NinjaAPI(urls_namespace="planted")
    problems.register(api)
    api.add_decorator(guarded, mode="view")
    api.add_router("", planted)
    return api


urlpatterns = [path("api/", planted_api().urls)]
handler404 = "chiron.kernel.problems.not_found"
handler500 = "chiron.kernel.problems.server_error"


def post(clinic: Clinic, what: str) -> Any:
    return clinic.client(Role.ADMIN).post(f"/api/{what}", content_type="application/json")


def departments(clinic: Clinic) -> list[str]:
    with inside(clinic.id):
        return departments_within()


def departments_within() -> list[str]:
    return list(Department.objects.values_list("name", flat=True))


def events(clinic: Clinic) -> list[tuple[str, str]]:
    with inside(clinic.id):
        return list(Event.objects.using("clinical").order_by("id").values_list("action", "outcome"))


@contextmanager
def without_event_rights(clinic: Clinic) -> Iterator[None]:
    """The organization's role may not write events while the block lasts."""
    table, role = f"{schema_of(clinic.id)}.audit_event", role_of(clinic.id)
    with as_owner("clinical"), cursor("clinical") as owner:
        owner.execute(f"REVOKE INSERT ON {table} FROM {role}")
    try:
        yield
    finally:
        with as_owner("clinical"), cursor("clinical") as owner:
            owner.execute(f"GRANT INSERT ON {table} TO {role}")


@contextmanager
def out_of_reach(alias: str) -> Iterator[None]:
    """Nobody listens where that database should be."""
    connection = connections[alias]
    connection.close()
    port = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = "1"
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["PORT"] = port


@contextmanager
def silence(alias: str) -> Iterator[None]:
    """Somebody listens where that database should be, and never says a word."""
    connection = connections[alias]
    connection.close()
    before = {name: connection.settings_dict[name] for name in ("HOST", "PORT")}
    with socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        connection.settings_dict.update(HOST="127.0.0.1", PORT=str(silent.getsockname()[1]))
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(before)


def test_a_success_is_committed_with_its_event(lakeside: Clinic) -> None:
    answer = post(lakeside, "succeeds")

    assert answer.status_code == 200
    assert departments(lakeside) == ["Half"]
    assert events(lakeside) == [("department.saved", "success")]


@pytest.mark.parametrize("how", ["refuses", "answers"])
def test_a_refusal_leaves_no_half_written_row_and_is_written_down(how: str, lakeside: Clinic) -> None:
    answer = post(lakeside, how)

    assert answer.status_code == 409
    assert departments(lakeside) == []
    assert events(lakeside) == [("departments.create", "failure")]


def test_a_bug_is_rolled_back_written_down_and_keeps_its_text_to_itself(lakeside: Clinic) -> None:
    request_id = str(new_id())
    with capture_logs() as logs:
        answer = lakeside.client(Role.ADMIN).post(
            "/api/breaks", content_type="application/json", headers={"x-request-id": request_id}
        )

    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"] == request_id
    assert NAME not in answer.content.decode() + repr(logs)
    [failed] = [each for each in logs if each["event"] == "failed"]
    assert failed["kind"] == "ZeroDivisionError"
    assert "test_operation.py" in failed["where"]
    assert departments(lakeside) == []
    assert events(lakeside) == [("departments.create", "failure")]


def test_a_bug_around_an_operation_keeps_its_text_to_itself_too(
    lakeside: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError(NAME)

    monkeypatch.setattr("config.operation.inside", break_down)
    client = lakeside.client(Role.ADMIN)
    client.raise_request_exception = False
    with capture_logs() as logs:
        answer = client.post("/api/succeeds", content_type="application/json")

    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    assert NAME not in answer.content.decode() + repr(logs)
    assert [each["kind"] for each in logs if each["event"] == "failed"] == ["ZeroDivisionError"]


def test_where_the_event_cannot_be_written_nothing_is_done(lakeside: Clinic) -> None:
    with without_event_rights(lakeside):
        answer = post(lakeside, "succeeds")

    assert answer.status_code == 503
    assert departments(lakeside) == []
    assert events(lakeside) == []


def test_where_the_denial_cannot_be_written_the_answer_is_503(lakeside: Clinic) -> None:
    with without_event_rights(lakeside):
        answer = post(lakeside, "refuses")

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
    assert departments(lakeside) == []


@pytest.mark.parametrize("alias", ["accounts", "clinical"])
def test_a_database_out_of_reach_is_a_503_and_the_next_request_works(alias: str, lakeside: Clinic) -> None:
    revocations.take_effect()
    with out_of_reach(alias):
        answer = post(lakeside, "succeeds")
    again = post(lakeside, "succeeds")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert again.status_code == 200
    assert departments(lakeside) == ["Half"]


def test_a_connection_lost_on_the_way_is_a_503_and_the_next_request_works(lakeside: Clinic) -> None:
    answer = post(lakeside, "loses")
    again = post(lakeside, "succeeds")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert again.status_code == 200
    assert departments(lakeside) == ["Half"]


def test_a_connection_lost_between_two_requests_is_not_noticed(lakeside: Clinic) -> None:
    assert post(lakeside, "succeeds").status_code == 200
    end_connections("clinical")
    again = post(lakeside, "succeeds")

    assert again.status_code == 200
    assert departments(lakeside) == ["Half", "Half"]


def test_a_denied_look_at_a_patient_is_in_the_patients_access_log(lakeside: Clinic) -> None:
    admin = lakeside.who[Role.ADMIN]
    with inside(lakeside.id):
        patient: Patient = create_patient(by=admin, entry=Entry(person=Person(family="Mensah")), now=now())

    lakeside.client(Role.ADMIN).get(f"/api/patients/{patient.id}")

    with inside(lakeside.id):
        denied = Event.objects.using("clinical").get(action="patients.read")
    assert (denied.outcome, denied.resource_id, denied.subjects) == ("failure", patient.id, [patient.id])


@pytest.mark.parametrize("how", ["body", "query"])
def test_an_attempt_that_names_its_patient_elsewhere_is_the_patients_too(how: str, lakeside: Clinic) -> None:
    patient_id = new_id()
    target, body = ("/api/refuses", f'{{"patient_id": "{patient_id}"}}')
    if how == "query":
        target, body = f"{target}?patient={patient_id}", "["

    lakeside.client(Role.ADMIN).generic("POST", target, body, "application/json")

    with inside(lakeside.id):
        assert Event.objects.using("clinical").get().subjects == [patient_id]


def test_asking_under_another_organizations_name_is_written_down_at_ones_own(lakeside: Clinic) -> None:
    answer = lakeside.client(Role.ADMIN).post(
        "/api/succeeds", content_type="application/json", headers={"x-organization": "hilltop"}
    )

    assert answer.status_code == 404
    assert events(lakeside) == [("departments.create", "denied")]


@pytest.mark.urls("config.urls")
def test_a_sign_in_out_of_reach_of_the_accounts_is_a_503(lakeside: Clinic) -> None:
    body = {"username": "esi", "password": PASSWORD, "organization": lakeside.organization.slug}
    with out_of_reach("accounts"):
        answer = Client().post("/api/auth/login", body, content_type="application/json")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


@pytest.mark.stress
@pytest.mark.parametrize("alias", ["accounts", "clinical"])
def test_a_database_that_never_answers_is_a_503_in_bounded_time(alias: str, lakeside: Clinic) -> None:
    revocations.take_effect()
    with silence(alias):
        started = monotonic()
        answer = post(lakeside, "succeeds")
        took = monotonic() - started

    assert answer.status_code == 503
    assert took < 8


def test_an_operation_that_says_nothing_of_permission_is_not_served() -> None:
    api, router = NinjaAPI(urls_namespace="unmarked"), Router()
    router.get("/unmarked")(lambda request: None)
    api.add_decorator(guarded, mode="view")
    api.add_router("", router)

    with pytest.raises(TypeError, match="neither what it needs nor why it is open"):
        path("api/", api.urls)


def test_what_is_answered_before_the_wrapper_is_a_problem_too(client: Client) -> None:
    answer = client.get("/nowhere")

    assert (answer.status_code, orjson.loads(answer.content)["type"]) == (404, "/problems/not-found")
