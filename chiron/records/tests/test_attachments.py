"""Attachments among other things that happen: erasures, dead storages, repetitions at once, long lists."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from chiron.audit.models import Event
from chiron.files.models import File
from chiron.files.public import receive_form, sweep
from chiron.files.tests.factories import PDF, arrived
from chiron.files.tests.stores import free_port, s3
from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import NotFound, NotPermitted
from chiron.kernel.schemas import PageQuery
from chiron.records.attachments import Attached, attachment_for, list_attachments, read_attachment
from chiron.records.models import Attachment, Record
from chiron.records.queries import record_for
from chiron.records.services.attach import attach, withdraw_attachment
from chiron.records.tests.factories import NINE, TEN, Ward
from chiron.tenancy.public import inside
from chiron.vault.models import PatientKey
from chiron.vault.public import KeyDestroyed
from tests.town import Clinic


def attached(ward: Ward, record: Record, *, by: Any = None) -> Attached:
    file, receiver = arrived(PDF)
    return attach(
        by=by or ward.osei, record=record, file_id=file.id, name="scan.pdf", manifest=receiver.finish(), now=NINE
    )


def test_only_who_reaches_the_patient_reaches_the_files(ward: Ward) -> None:
    id = attached(ward, ward.write()).attachment.id

    for stranger in (ward.mensah, ward.esi):
        with pytest.raises(NotFound):
            attachment_for(stranger, id)
    for may in (ward.osei, ward.ama, ward.kofi):
        assert attachment_for(may, id).id == id


def test_a_patient_takes_no_file_back(ward: Ward) -> None:
    attachment = attached(ward, ward.write()).attachment

    with pytest.raises(NotPermitted):
        withdraw_attachment(by=ward.kofi, attachment=attachment, now=TEN)

    assert Attachment.objects.get().version == 1


def test_why_a_file_was_taken_back_is_sealed_with_its_name(ward: Ward) -> None:
    attachment = attached(ward, ward.write()).attachment
    withdraw_attachment(by=ward.osei, attachment=attachment, reason="Of Esi", now=TEN)
    withdraw_attachment(by=ward.ama, attachment=attachment, reason="again", now=TEN)

    kept = Attachment.objects.get()
    assert (kept.version, kept.changed_by, b"Esi" in kept.text, b"scan" in kept.text) == (
        2,
        ward.osei.account_id,
        False,
        False,
    )
    assert read_attachment(ward.ama, kept.id)[0].name == "scan.pdf"


def test_an_erased_patient_leaves_no_file_that_opens(ward: Ward) -> None:
    record = ward.write()
    id = attached(ward, record).attachment.id
    PatientKey.objects.filter(patient_id=ward.kofi_patient.id).update(wrapped=None, destroyed_at=NINE)

    with pytest.raises(KeyDestroyed):
        read_attachment(ward.ama, id)
    with pytest.raises(KeyDestroyed):
        list_attachments(ward.ama, record, PageQuery())


def test_a_list_costs_the_same_however_long_it_is_and_pages(ward: Ward) -> None:
    record = ward.write()
    for _ in range(6):
        attached(ward, record)
    cost = {}
    for limit in (1, 6):
        with CaptureQueriesContext(connections["clinical"]) as queries:
            rows, _ = list_attachments(ward.osei, record_for(ward.osei, record.id), PageQuery(limit=limit))
        cost[len(rows)] = len(queries.captured_queries)

    assert cost[1] == cost[6]
    first, cursor = list_attachments(ward.osei, record, PageQuery(limit=4))
    rest, end = list_attachments(ward.osei, record, PageQuery(limit=4, cursor=cursor))
    ids = [each.attachment.id for each in (*first, *rest)]
    assert (ids, len(ids), end) == (sorted(set(ids), reverse=True), 6, None)


def uploaded(clinic: Clinic, address: str, content: bytes = PDF, key: str = "") -> Any:
    form = {"file": SimpleUploadedFile("scan.pdf", content)}
    return clinic.client(Role.ADMIN).post(address, form, headers={"idempotency-key": key} if key else {})


@pytest.fixture
def address(hilltop: Clinic) -> str:
    """Where files of one record are sent."""
    return address_in(hilltop, str(hilltop.patient_id))


def address_in(clinic: Clinic, patient_id: str) -> str:
    body = {"record_type": "NOTE", "title": "Cough", "patient_id": patient_id}
    answer = clinic.client(Role.ADMIN).post("/api/records", body, content_type="application/json")
    return f"/api/records/{answer.json()['record']['id']}/attachments"


@contextmanager
def dead_storage() -> Iterator[None]:
    with override_settings(STORAGES={"sealed": s3(free_port())}):
        yield


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_dead_storage_is_a_503_in_time_and_changes_nothing(hilltop: Clinic, address: str) -> None:
    kept, began = uploaded(hilltop, address).json()["attachment"], time.monotonic()
    with dead_storage():
        answers = [
            uploaded(hilltop, address, key="again"),
            hilltop.client(Role.ADMIN).get(f"/api/attachments/{kept['id']}"),
        ]
        took = time.monotonic() - began

    assert [answer.status_code for answer in answers] == [503, 503]
    assert [answer.json()["type"] for answer in answers] == ["/problems/storage-unavailable"] * 2
    assert [answer.headers["Retry-After"] for answer in answers] == ["1", "1"]
    assert took < 10
    with inside(hilltop.id):
        assert Attachment.objects.count() == 1
        assert [event.outcome for event in Event.objects.using("clinical").order_by("-id")[:2]] == ["failure"] * 2
    assert uploaded(hilltop, address, key="again").status_code == 201


def test_the_same_form_sent_several_times_at_once_under_one_key_is_attached_once(lakeside: Clinic) -> None:
    body = {"family": "Mensah", "given": ["Kofi"]}
    made = lakeside.client(Role.ADMIN).post("/api/patients", body, content_type="application/json")
    address, many = address_in(lakeside, made.json()["patient"]["id"]), 6
    start = threading.Barrier(many)

    def send(_: int) -> int:
        start.wait()
        try:
            return int(uploaded(lakeside, address, key="one-of-mine").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(many) as pool:
        statuses = list(pool.map(send, range(many)))

    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    with inside(lakeside.id):
        assert (Attachment.objects.count(), File.objects.count()) == (1, 1)


def test_a_file_swept_while_it_arrives_is_a_409_and_attached_to_nothing(
    hilltop: Clinic, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*form: Any) -> str:
        name = receive_form(*form)
        sweep(by=Caller(organization_id=hilltop.id), organization_id=hilltop.id, begun_before=now())
        return name

    monkeypatch.setattr("chiron.records.receiving.receive_form", slowly)
    answer = uploaded(hilltop, address)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/upload-abandoned")
    with inside(hilltop.id):
        assert not Attachment.objects.exists()
