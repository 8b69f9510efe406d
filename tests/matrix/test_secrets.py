"""What is looked for in every answer lies in every column that could give it away."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.http import HttpResponse

from chiron.kernel.db import CLINICAL, cursor
from chiron.kernel.fields import SealedField
from chiron.tenancy.public import inside
from tests.canary.needles import CLEAR, CYRILLIC, WORD
from tests.matrix.secrets import tables
from tests.matrix.world import World

WITHOUT_WORDS = {
    "audit.Event.action": "a name of ours",
    "audit.Event.purpose": "a code of HL7",
    "audit.Event.request_id": "a UUID",
    "audit.Event.resource": "a name of ours",
    "audit.Event.roles": "of the known ones",
    "files.File.content_type": "of the known ones",
    "files.File.manifest": "a key, a size, a type and a digest",
    "idempotency.Answer.route": "a name of ours",
    "laboratory.Result.code": "a code of LOINC",
    "laboratory.Result.unit": "a unit of UCUM",
    "notifications.Delivery.provider_id": "what a carrier calls a mail",
    "notifications.Notification.resource": "a name of ours",
    "notifications.QuietHours.time_zone": "of the known ones",
    "operations.MigratedDocument.collection": "a name of ours",
    "operations.QuarantinedDocument.collection": "a name of ours",
    "operations.QuarantinedDocument.path": "what a field is called",
    "operations.QuarantinedDocument.reason": "of the known ones",
    "records.Record.quantity_code": "a unit of UCUM",
    "records.Record.resource_type": "of the known ones",
    "records.Signature.key_id": "made of a key",
    "records.Signature.salt": "drawn at random",
    "records.UsualRange.unit": "a unit of UCUM",
    "notifications.Delivery.reason": "of a few known ones",
    "scheduling.Reminder.reason": "of a few known ones",
    "scheduling.Appointment.zone": "of the known ones",
    "scheduling.Schedule.time_zone": "of the known ones",
    "scheduling.Schedule.weekly": "times of the clock",
    "screening.Batch.failure": "the code of a refusal",
    "screening.BatchRow.errors": "sentences of ours",
    "screening.BundleState.bundle_hash": "a digest",
    "screening.Drift.bundle_hash": "a digest",
    "screening.Drift.indices": "numbers by the names of features",
    "screening.ShadowAnswer.bundle_hash": "a digest",
    "screening.Screening.bundle_hash": "a digest",
    "screening.Screening.bundle_version": "of the known ones",
    "screening.Screening.input_hash": "a digest",
    "screening.Screening.inputs": "numbers, and units of the known ones",
    "screening.Screening.result": "numbers, and sentences of ours",
    "screening.Screening.sex": "of the known ones",
    "scheduling.WaitlistEntry.times": "times of the clock",
}


def holds_text(field: Any) -> bool:
    """Whether people's words can stand in a column: what is one of a few known words cannot hold them."""
    if isinstance(field, ArrayField):
        field = field.base_field
    text = isinstance(field, models.CharField | models.TextField | models.JSONField)
    return isinstance(field, SealedField) or (text and not field.choices)


def test_every_column_next_door_holds_a_word_that_no_answer_here_may_hold(world: World) -> None:
    columns = [(table, field) for table in tables() for field in table._meta.local_concrete_fields if holds_text(field)]
    empty = set()

    with inside(world.riverside.id), cursor(CLINICAL) as looking:
        for table, field in columns:
            looking.execute(
                f'SELECT EXISTS (SELECT FROM {table._meta.db_table} WHERE "{field.column}"::text ILIKE %s)',
                [f"%{CLEAR}%"],
            )
            if not looking.fetchone()[0] and (table._meta.label, field.name) not in world.secrets.sealed:
                empty.add(f"{table._meta.label}.{field.name}")

    assert empty == set(WITHOUT_WORDS)
    assert len(columns) > len(WITHOUT_WORDS) + 20


def test_a_leak_is_found_in_whatever_form_it_comes(world: World) -> None:
    secrets, room = world.secrets, str(world.riverside.patient_id)
    answers = {
        word: HttpResponse(f'{{"name": "Mrs {word} Boateng"}}') for word in (WORD, CYRILLIC, CLEAR, "riverside", room)
    }
    answers |= {"in a header": HttpResponse(headers={"Content-Disposition": f'attachment; filename="{WORD}.txt"'})}

    assert {word: bool(secrets.leaked(answer)) for word, answer in answers.items()} == dict.fromkeys(answers, True)
    assert secrets.leaked(HttpResponse('{"name": "Mrs Boateng"}')) == []
    assert secrets.leaked(HttpResponse(CLEAR), to_operator=True) == []
    assert secrets.leaked(HttpResponse(room), but=room) == []
    assert secrets.leaked(HttpResponse(room), to_operator=True) == [room]
