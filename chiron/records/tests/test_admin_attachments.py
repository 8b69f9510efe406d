"""The administration of attachments: listed, looked at and withdrawn, each an event of their patients."""

import pytest
from django.test import Client

from chiron.audit.models import Event
from chiron.files.tests.factories import PNG, arrived
from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.records.models import Attachment
from chiron.records.public import record_for, write_record
from chiron.records.services.attach import attach
from chiron.records.tests.factories import statement_of
from chiron.records.words import Status
from chiron.registry.public import patient_for
from chiron.tenancy.public import inside
from tests.desk import filled
from tests.town import Clinic

ATTACHMENTS = "/admin/records/attachment/"


@pytest.fixture
def attachment(hilltop: Clinic) -> Attachment:
    by = hilltop.who[Role.ADMIN]
    with inside(hilltop.id):
        record = write_record(
            by=by, patient=patient_for(by, hilltop.patient_id), statement=statement_of(), now=now()
        )  # fmt: skip
        file, receiver = arrived(PNG)
        return attach(
            by=by, record=record_for(by, record.id), file_id=file.id, name="scan.png", manifest=receiver.finish(),
            now=now(),
        ).attachment  # fmt: skip


def test_a_file_is_listed_looked_at_and_withdrawn_for_a_reason(hilltop: Clinic, attachment: Attachment) -> None:
    browser: Client = hilltop.desk(Role.ADMIN)
    at = f"{ATTACHMENTS}{attachment.id}"

    assert "scan.png" in browser.get(ATTACHMENTS).content.decode()
    page = browser.get(f"{at}/change/").content.decode()
    assert "image/png" in page
    assert f"/admin/records/record/{attachment.record_id}/change/" in page
    without = browser.post(f"{at}/withdraw/", filled(browser.get(f"{at}/withdraw/")))
    done = browser.post(f"{at}/withdraw/", filled(browser.get(f"{at}/withdraw/"), reason="Another patient's"))

    assert (without.status_code, done.status_code) == (422, 302)
    with inside(hilltop.id):
        assert Attachment.objects.get(id=attachment.id).status == Status.ENTERED_IN_ERROR
        left = Event.objects.using("clinical").filter(resource="attachments").order_by("id")
        about = list(left.values_list("action", "subjects"))
    actions = ["attachment.created", "attachment.listed", "attachment.listed", "attachments.delete"]
    assert about == [(action, [hilltop.patient_id]) for action in (*actions, "attachment.withdrawn")]
    assert f"{at}/withdraw/" not in browser.get(f"{at}/change/").content.decode()
