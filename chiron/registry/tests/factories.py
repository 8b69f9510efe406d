"""Short ways to say what the tests of the registry say often."""

from typing import Any
from uuid import UUID

from django.test import Client

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.registry.models import Identifier, Patient
from chiron.tenancy.public import inside
from tests.town import Clinic

AMA: dict[str, Any] = {
    "family": "Owusu",
    "given": ["Ama", "Serwaa"],
    "birth_date": "1980-05",
    "sex": "female",
    "telecom": [{"system": "phone", "value": "020 555 0100"}],
    "identifiers": [{"system": "urn:mrn:hilltop", "value": "4711"}],
}

PASSWORD = "seven tired donkeys"


def call(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    sent = {} if body is None else {"data": body, "content_type": "application/json"}
    return getattr(client, method)(f"/api{path}", headers=headers, **sent)


def register(clinic: Clinic, role: Role = Role.RECEPTIONIST, **changes: Any) -> Any:
    """The answer to registering Ama, changed."""
    return call(clinic.client(role), "post", "/patients", AMA | changes)


def registered(clinic: Clinic, role: Role = Role.RECEPTIONIST, **changes: Any) -> dict[str, Any]:
    answer = register(clinic, role, **changes)
    assert answer.status_code == 201, answer.content
    patient: dict[str, Any] = answer.json()["patient"]
    return patient


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def counted(clinic: Clinic) -> tuple[int, int]:
    """How many patients and identifiers there are."""
    with inside(clinic.id):
        return Patient.objects.count(), Identifier.objects.count()


def last_event(clinic: Clinic) -> Event:
    with inside(clinic.id):
        event = Event.objects.using("clinical").order_by("id").last()
    assert event is not None
    return event


def found(clinic: Clinic, role: Role = Role.RECEPTIONIST, **query: Any) -> list[str]:
    """The family names of the patients that a search finds."""
    answer = clinic.client(role).get("/api/patients", query)
    assert answer.status_code == 200, answer.content
    return [each["family"] for each in answer.json()["patients"]]


def ids(answer: Any, what: str = "patients") -> list[UUID]:
    return [UUID(each["id"]) for each in answer.json()[what]]


def join(clinic: Clinic, role: str, name: str) -> Any:
    """The answer to registering for oneself."""
    body = {
        "username": name, "email": f"{name}@example.org", "password": PASSWORD, "role": role, "first_name": "Adwoa",
        "last_name": "Yeboah", "birth_date": "1980-05", "organization": clinic.organization.slug,
    }  # fmt: skip
    answer = call(Client(), "post", "/auth/register", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def signed_in(name: str, clinic: Clinic) -> Client:
    said = {"username": name, "password": PASSWORD, "organization": clinic.organization.slug}
    answer = call(Client(), "post", "/auth/login", said)
    assert answer.status_code == 200, answer.content
    return Client(headers={"authorization": f"Bearer {answer.json()['access']}"})
