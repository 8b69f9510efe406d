"""Links to files: for one file, for whom they were made, for five minutes (FIL-05)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.test import Client

from chiron.audit.models import Event
from chiron.files.tests.factories import PDF
from chiron.identity.keys import signing_key
from chiron.identity.links import link_to
from chiron.identity.models import Membership
from chiron.identity.public import Role
from chiron.identity.revocations import revocations
from chiron.identity.tokens import verified
from chiron.kernel.clock import now
from chiron.kernel.ids import NIL, new_id
from chiron.tenancy.public import inside
from tests.town import Clinic


@pytest.fixture
def address(hilltop: Clinic) -> str:
    """Where a file of Hilltop's patient is read."""
    return attached(hilltop)


def attached(clinic: Clinic) -> str:
    admin, body = clinic.client(Role.ADMIN), {"record_type": "NOTE", "title": "x", "patient_id": str(clinic.patient_id)}
    record = admin.post("/api/records", body, content_type="application/json").json()["record"]["id"]
    answer = admin.post(f"/api/records/{record}/attachments", {"file": SimpleUploadedFile("a.pdf", PDF)})
    return f"/api/attachments/{answer.json()['attachment']['id']}"


def linked(clinic: Clinic, address: str, role: Role = Role.DOCTOR) -> str:
    answer = clinic.client(role).post(f"{address}/link")
    assert answer.status_code == 201, answer.content
    url: str = answer.json()["link"]["url"]
    assert url == answer.headers["Location"]
    return url


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_a_link_opens_its_file_without_a_token_and_in_ranges(hilltop: Clinic, address: str) -> None:
    url = linked(hilltop, address)

    whole, part = Client().get(url), Client().get(url, headers={"range": "bytes=0-3"})

    assert (whole.status_code, whole.getvalue()) == (200, PDF)
    assert (part.status_code, part.getvalue()) == (206, PDF[:4])
    with inside(hilltop.id):
        events = Event.objects.using("clinical").filter(action__in=("attachment.linked", "attachment.read"))
        account = hilltop.who[Role.DOCTOR].account_id
        assert [(event.account_id, event.subjects) for event in events] == [(account, [hilltop.patient_id])] * 3


def test_an_expired_link_is_a_403_with_and_without_a_token(hilltop: Clinic, address: str) -> None:
    by = replace(hilltop.who[Role.DOCTOR], session_id=new_id())
    old = link_to(address, by=by, now=now() - timedelta(minutes=5, seconds=1)).url

    answers = [Client().get(old), hilltop.client(Role.DOCTOR).get(old)]

    assert [refusal(answer) for answer in answers] == [(403, "link-expired")] * 2
    with inside(hilltop.id):
        event = Event.objects.using("clinical").latest("id")
    assert (event.account_id, event.outcome, event.subjects) == (by.account_id, "denied", [hilltop.patient_id])


def test_a_link_of_somebody_else_is_a_404(hilltop: Clinic, riverside: Clinic, address: str) -> None:
    url = linked(hilltop, address)

    clients = [riverside.client(Role.DOCTOR), riverside.client(Role.ADMIN), hilltop.client(Role.ADMIN)]

    assert [refusal(client.get(url)) for client in clients] == [(404, "not-found")] * 3
    assert hilltop.client(Role.DOCTOR).get(url).getvalue() == PDF


def test_a_link_opens_nothing_else_and_changes_nothing(hilltop: Clinic, address: str) -> None:
    query, other = linked(hilltop, address).partition("?")[2], attached(hilltop)

    answers = [
        Client().get(f"{other}?{query}"),
        Client().get(f"/api/patients?{query}"),
        Client().delete(f"{address}?{query}"),
        Client().post(f"{address}/link?{query}"),
    ]

    assert [refusal(answer) for answer in answers] == [(404, "not-found")] * 4
    assert Client().get(f"{address}?{query}").status_code == 200


def test_neither_a_link_nor_a_token_passes_for_the_other(hilltop: Clinic, address: str) -> None:
    link, token = linked(hilltop, address).partition("link=")[2], hilltop.tokens[Role.DOCTOR]

    answers = [
        Client(headers={"authorization": f"Bearer {link}"}).get(address),
        Client().get(f"{address}?link={token}"),
        Client().get(f"{address}?link={link[:-4]}AAAA"),
        Client().get(f"{address}?link="),
    ]

    assert [refusal(answer) for answer in answers] == [(401, "not-signed-in")] * 4


@pytest.mark.parametrize("wrong", [{"aud": "chiron"}, {"address": ...}, {"iss": "x"}, {"exp": "soon"}, {"sub": "ama"}])
def test_a_link_that_says_something_else_is_none(wrong: dict[str, Any], hilltop: Clinic, address: str) -> None:
    key, link = signing_key(), linked(hilltop, address).partition("link=")[2]
    claims = jwt.decode(link, options={"verify_signature": False}) | wrong
    forged = jwt.encode(
        {name: value for name, value in claims.items() if value is not ...},
        key.private, algorithm="EdDSA", headers={"typ": "link+jwt", "kid": key.id},
    )  # fmt: skip

    assert refusal(Client().get(f"{address}?link={forged}")) == (401, "not-signed-in")


def test_a_link_falls_with_its_session(lakeside: Clinic) -> None:
    admin = lakeside.client(Role.ADMIN)
    person = {"family": "Mensah", "given": ["Kofi"]}
    made = admin.post("/api/patients", person, content_type="application/json")
    lakeside.patient_id = made.json()["patient"]["id"]
    url = linked(lakeside, attached(lakeside), Role.ADMIN)
    assert Client().get(url).getvalue() == PDF

    assert admin.post("/api/auth/logout").status_code == 204

    assert refusal(Client().get(url)) == (401, "not-signed-in")


def test_a_link_carries_no_rights_that_were_just_taken_back(lakeside: Clinic) -> None:
    admin = lakeside.client(Role.ADMIN)
    made = admin.post("/api/patients", {"family": "Mensah"}, content_type="application/json")
    lakeside.patient_id = made.json()["patient"]["id"]
    address = attached(lakeside)
    caller = verified(lakeside.tokens[Role.ADMIN]).caller
    membership = Membership.objects.filter(id=caller.membership_id or NIL)

    membership.update(roles=[Role.LAB], authz_version=F("authz_version") + 1, authz_changed_at=now())
    link = link_to(address, by=caller, now=now()).url  # as in a process that does not know it yet

    revocations.take_effect()
    assert refusal(Client().get(link)) == (403, "not-permitted")


def test_a_link_needs_the_record_still(hilltop: Clinic, address: str) -> None:
    url = linked(hilltop, address)

    assert hilltop.client(Role.ADMIN).delete(address).status_code == 204

    assert refusal(Client().get(url)) == (404, "not-found")


def test_who_may_not_read_a_file_gets_no_link(hilltop: Clinic, riverside: Clinic, address: str) -> None:
    refused = [client.post(f"{address}/link") for client in (hilltop.client(Role.LAB), riverside.client(Role.ADMIN))]

    assert [answer.status_code for answer in refused] == [403, 404]
