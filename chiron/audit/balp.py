"""An event as a FHIR R4 AuditEvent, in the patterns of IHE's Basic Audit Log Patterns (BALP).

An event names its profile where it has all that the profile asks for: it succeeded, it was a read, search, creation,
change or removal about one patient or none, and the address of who called is known. Others are AuditEvents of FHIR
itself. See https://profiles.ihe.net/ITI/BALP.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from chiron.audit.canonical import instant
from chiron.audit.models import Event, Outcome
from chiron.audit.queries import OpenedEvent

HL7 = "http://terminology.hl7.org/CodeSystem"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
BALP = "https://profiles.ihe.net/ITI/BALP"
REST, LOGIN = (f"{HL7}/audit-event-type", "rest", "Restful Operation"), (DCM, "110114", "User Authentication")
PERSON, OBJECT = (f"{HL7}/audit-entity-type", "1", "Person"), (f"{HL7}/audit-entity-type", "2", "System Object")
SOURCE, DESTINATION = (DCM, "110153", "Source Role ID"), (DCM, "110152", "Destination Role ID")
READ, SEARCH, CREATE, UPDATE, DELETE = (
    ("R", "read", "Read"),
    ("E", "search-type", "Query"),
    ("C", "create", "Create"),
    ("U", "update", "Update"),
    ("D", "delete", "Delete"),
)
OTHER = ("E", "operation", "")
VERBS = {
    READ: ("read",),
    SEARCH: ("listed", "searched", "search"),
    CREATE: ("created", "create", "imported", "registered", "made"),
    UPDATE: ("updated", "update", "saved", "restored", "changed"),
    DELETE: ("deleted", "delete", "removed", "withdrawn", "erased"),
}
KINDS = {verb: kind for kind, verbs in VERBS.items() for verb in verbs}
OUTCOMES = {Outcome.SUCCESS: "0", Outcome.DENIED: "4", Outcome.FAILURE: "8"}
URI, ADDRESS = "5", "2"


def audit_event(opened: OpenedEvent) -> dict[str, Any]:
    """The resource. It says nothing that `GET /api/audit` does not."""
    event, said = opened.event, opened.said
    subject, _, verb = event.action.rpartition(".")
    action, interaction, pattern = KINDS.get(verb, OTHER)
    is_login = subject == "session"
    sorts = (DCM, "110122", "Login") if is_login else ("http://hl7.org/fhir/restful-interaction", interaction, "")
    resource: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": str(event.id),
        "type": coding(LOGIN if is_login else REST),
        "subtype": [coding(sorts), coding(("urn:chiron:action", event.action, ""))],
        "action": action,
        "recorded": instant(event.at),
        "outcome": OUTCOMES[Outcome(event.outcome)],
        "agent": agents(event, said, action),
        "source": {
            "site": str(event.organization_id or "platform"),
            "observer": {"identifier": {"value": settings.PUBLIC_URL}},
            "type": [coding((f"{HL7}/security-source-type", "4", "Application Server"))],
        },
        "entity": entities(event, said, is_search=interaction == "search-type"),
    }
    if event.outcome != Outcome.SUCCESS:
        resource["outcomeDesc"] = event.outcome
    elif pattern and not is_login and said.get("address") and len(event.subjects) <= 1:
        name = f"IHE.BasicAudit.{'Patient' if event.subjects else ''}{pattern}"
        resource["meta"] = {"profile": [f"{BALP}/StructureDefinition/{name}"]}
    return resource


def agents(event: Event, said: dict[str, Any], action: str) -> list[dict[str, Any]]:
    """The application that called, this server, and the account on whose behalf."""
    client, server = (DESTINATION, SOURCE) if action == "R" else (SOURCE, DESTINATION)
    calling = {
        "type": concept(client),
        "who": {"identifier": {"value": said.get("device") or "unknown"}},
        "requestor": event.account_id is None,
    }
    if said.get("address"):
        calling["network"] = {"address": said["address"], "type": ADDRESS}
    serving = {
        "type": concept(server),
        "who": {"identifier": {"value": settings.PUBLIC_URL}},
        "requestor": False,
        "network": {"address": settings.PUBLIC_URL, "type": URI},
    }
    people = []
    if event.account_id is not None:
        people.append(_person(event, event.account_id))
    if event.on_behalf_of is not None:
        behalf = (f"{HL7}/v3-RoleClass", "AGNT", "agent")
        people.append({"type": concept(behalf), "who": _urn(event.on_behalf_of), "requestor": False})
    return [calling, serving, *people]


def entities(event: Event, said: dict[str, Any], *, is_search: bool) -> list[dict[str, Any]]:
    """The patients, the object, what was searched for, and the request."""
    found: list[dict[str, Any]] = [
        {"what": {"reference": f"Patient/{each}"}, "type": coding(PERSON), "role": role("1", "Patient")}
        for each in event.subjects
    ]
    if is_search:
        query = b64encode(orjson.dumps(said.get("details") or {})).decode()
        found.append({"type": coding(OBJECT), "role": role("24", "Query"), "query": query})
    elif event.resource:
        about = f"{event.resource}/{event.resource_id}" if event.resource_id else event.resource
        found.append({"what": {"identifier": {"value": about}}, "type": coding(OBJECT),
                      "role": role("4", "Domain Resource")})  # fmt: skip
    if event.request_id:
        kind = coding((f"{BALP}/CodeSystem/BasicAuditEntityType", "XrequestId", ""))
        found.append({"what": {"identifier": {"value": event.request_id}}, "type": kind})
    return found


def coding(told: tuple[str, str, str]) -> dict[str, str]:
    system, code, display = told
    return {"system": system, "code": code} | ({"display": display} if display else {})


def concept(told: tuple[str, str, str]) -> dict[str, Any]:
    return {"coding": [coding(told)]}


def role(code: str, display: str) -> dict[str, str]:
    return coding((f"{HL7}/object-role", code, display))


def _person(event: Event, account_id: UUID) -> dict[str, Any]:
    person: dict[str, Any] = {
        "type": concept((f"{HL7}/v3-ParticipationType", "IRCP", "information recipient")),
        "who": _urn(account_id),
        "requestor": True,
    }
    if event.roles:
        person["role"] = [{"text": each} for each in event.roles]
    if event.purpose:
        person["purposeOfUse"] = [concept((f"{HL7}/v3-ActReason", event.purpose, ""))]
    return person


def _urn(account_id: UUID) -> dict[str, Any]:
    return {"identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{account_id}"}}
