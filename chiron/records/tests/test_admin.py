"""The administration of records: shown, amended, annotated and withdrawn as through the API."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.ids import new_id
from chiron.records.models import Annotation, Record, RecordVersion
from chiron.records.services.write import write_record
from chiron.records.tests.factories import A1C, statement_of
from chiron.records.words import RecordType, Status
from chiron.registry.public import patient_for
from chiron.tenancy.public import inside
from tests.desk import faults, filled
from tests.town import Clinic

RECORDS = "/admin/records/record/"


@pytest.fixture
def browser(hilltop: Clinic) -> Client:
    return hilltop.desk(Role.ADMIN)


def write(clinic: Clinic, patient_id: UUID | None = None, **said: Any) -> UUID:
    by, statement = clinic.who[Role.ADMIN], statement_of(**{"description": "Since Sunday."} | said)
    with inside(clinic.id):
        patient = patient_for(by, patient_id or clinic.patient_id)
        return write_record(by=by, patient=patient, statement=statement, now=now()).id


def row(clinic: Clinic, id: UUID) -> Record:
    with inside(clinic.id):
        return Record.objects.get(id=id)


def since(clinic: Clinic, act: Callable[[], Any]) -> list[tuple[str, list[UUID]]]:
    """The events that doing it left: their action and subjects."""
    with inside(clinic.id):
        before = set(Event.objects.using("clinical").values_list("id", flat=True))
    act()
    with inside(clinic.id):
        left = Event.objects.using("clinical").exclude(id__in=before)
        return list(left.order_by("id").values_list("action", "subjects"))


def test_a_record_is_shown_with_its_versions_and_remarks_and_each_is_an_event(browser: Client, hilltop: Clinic) -> None:
    id, about = write(hilltop, codes=(A1C,), content=b'{"resourceType":"Observation"}'), [hilltop.patient_id]
    answers: list[Any] = []

    left = since(hilltop, lambda: answers.append(browser.get(f"{RECORDS}{id}/change/")))

    page = answers[0].content.decode()
    for said in ("Headache", "Since Sunday.", "Kofi Mensah", "4548-4 Hemoglobin A1c", "&quot;Observation&quot;"):
        assert said in page
    actions = ["record.read", "record.versions_read", "annotation.listed", "attachment.listed"]
    assert left == [(action, about) for action in actions]


def test_a_list_is_one_event_for_all_whom_it_shows(browser: Client, hilltop: Clinic) -> None:
    write(hilltop)
    write(hilltop, hilltop.other_patient_id)

    [(action, subjects)] = since(hilltop, lambda: browser.get(RECORDS))

    assert (action, set(subjects)) == ("record.listed", {hilltop.patient_id, hilltop.other_patient_id})


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ("", ["Fever", "Headache"]),
        ("?patient={patient}", ["Headache"]),
        ("?type=OBSERVATION", ["Fever"]),
        ("?status=entered-in-error", []),
        ("?since=2199-01-01", []),
        ("?until=2199-01-01", ["Fever", "Headache"]),
    ],
)
def test_records_are_narrowed_by_what_is_in_clear(
    asked: str, titles: list[str], browser: Client, hilltop: Clinic
) -> None:
    write(hilltop)
    write(hilltop, hilltop.other_patient_id, title="Fever", record_type=RecordType.OBSERVATION)

    answer = browser.get(RECORDS + asked.format(patient=hilltop.patient_id))

    assert [shown.text for _, _, _, shown, *_ in answer.context["table"].rows] == titles


@pytest.mark.parametrize("asked", ["?patient=x", "?type=x", "?since=x", "?since=0001-01-01", "?cursor=x"])
def test_what_cannot_be_read_is_refused(asked: str, browser: Client) -> None:
    assert browser.get(RECORDS + asked).status_code == 422


def test_a_record_is_amended_by_the_verb_and_what_it_said_is_kept(browser: Client, hilltop: Clinic) -> None:
    id = write(hilltop, codes=(A1C,))
    edit = f"{RECORDS}{id}/edit/"
    form = browser.get(edit)

    left = since(hilltop, lambda: browser.post(edit, filled(form, title="Migraine", reason="Seen again")))

    amended = row(hilltop, id)
    assert left == [("record.updated", [hilltop.patient_id])]
    assert (amended.version, amended.changed_by) == (2, hilltop.who[Role.ADMIN].account_id)
    assert amended.code_keys
    page = browser.get(f"{RECORDS}{id}/change/").content.decode()
    for said in ("Migraine", "Headache", "Seen again", "Since Sunday."):
        assert said in page


def test_of_two_who_amend_it_the_second_is_told(browser: Client, hilltop: Clinic) -> None:
    edit = f"{RECORDS}{write(hilltop)}/edit/"
    form = browser.get(edit)
    browser.post(edit, filled(form, title="First"))

    answer = browser.post(edit, filled(form, title="Second"))

    assert answer.status_code == 412
    with inside(hilltop.id):
        assert RecordVersion.objects.count() == 2


def test_a_record_is_withdrawn_for_a_reason_and_never_deleted(browser: Client, hilltop: Clinic) -> None:
    id = write(hilltop)
    withdraw = f"{RECORDS}{id}/withdraw/"

    without = browser.post(withdraw, filled(browser.get(withdraw)))
    assert (without.status_code, row(hilltop, id).status) == (422, Status.ACTIVE)
    done = browser.post(withdraw, filled(browser.get(withdraw), reason="Another patient's"))

    assert (done.status_code, row(hilltop, id).status) == (302, Status.ENTERED_IN_ERROR)
    amended = browser.post(f"{RECORDS}{id}/edit/", filled(browser.get(f"{RECORDS}{id}/edit/"), title="Again"))
    assert amended.status_code == 409
    assert "Another patient&#x27;s" in browser.get(f"{RECORDS}{id}/change/").content.decode()
    assert browser.post(f"{RECORDS}{id}/delete/", {"post": "yes"}).status_code == 404


def test_a_remark_is_written_by_the_verb(browser: Client, hilltop: Clinic) -> None:
    id = write(hilltop)
    annotate = f"{RECORDS}{id}/annotate/"

    left = since(hilltop, lambda: browser.post(annotate, {"content": "Better", "visibility": "care_team"}))

    assert left == [("annotation.created", [hilltop.patient_id])]
    assert "Better" in browser.get(f"{RECORDS}{id}/change/").content.decode()
    refused = browser.post(annotate, {"content": "", "visibility": "everybody"})
    assert set(faults(refused)) == {"content", "visibility"}
    with inside(hilltop.id):
        assert Annotation.objects.count() == 1


@pytest.mark.parametrize("act", ["change", "edit", "annotate", "withdraw"])
def test_another_organizations_record_is_not_found_and_stays_as_it_was(
    act: str, browser: Client, riverside: Clinic
) -> None:
    theirs = write(riverside)
    typed = {"title": "Ours", "content": "Ours", "visibility": "care_team", "reason": "Ours"}

    for id in (theirs, new_id()):
        assert browser.get(f"{RECORDS}{id}/{act}/").status_code == 404
        assert browser.post(f"{RECORDS}{id}/{act}/", typed).status_code == (405 if act == "change" else 404)

    kept = row(riverside, theirs)
    assert (kept.version, kept.status) == (1, Status.ACTIVE)
    with inside(riverside.id):
        assert Annotation.objects.count() == 0


@pytest.mark.parametrize("page", ["", "{id}/change/", "{id}/edit/", "{id}/withdraw/"])
def test_the_privacy_officer_reads_no_record(page: str, hilltop: Clinic) -> None:
    id = write(hilltop)

    answer = hilltop.desk(Role.PRIVACY_OFFICER).get(RECORDS + page.format(id=id))

    assert answer.status_code == 403
    assert "Headache" not in answer.content.decode()


def test_a_list_takes_the_same_queries_however_long_it_is(browser: Client, hilltop: Clinic) -> None:
    taken = []
    for number in range(4):
        write(hilltop, hilltop.patient_id if number % 2 else hilltop.other_patient_id)
        with CaptureQueriesContext(connections["clinical"]) as clinical:
            browser.get(RECORDS)
        taken.append(len(clinical))

    assert len(set(taken)) == 1, taken
