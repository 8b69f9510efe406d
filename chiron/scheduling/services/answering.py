"""What a patient answers to a reminder."""

from datetime import datetime

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.scheduling.answers import Asked
from chiron.scheduling.models import Reminder
from chiron.scheduling.services.attend import cancel
from chiron.scheduling.words import Answer


def give_answer(*, by: Caller, asked: Asked, reminder: Reminder, now: datetime) -> None:
    """Note that the patient comes, or cancel the appointment by the rules that hold for patients; once.

    ``reminder`` is locked and still open. Raises TooLateToCancel, and as `cancel` does.
    """
    if asked.answer is Answer.CANCEL:
        cancel(by=by, appointment_id=reminder.appointment_id, reason="", if_match=asked.version, now=now)
    else:
        by.scope("appointments", "cancel")
        audit.record(
            by, "appointment.answered", resource="appointments", resource_id=reminder.appointment_id,
            subjects=[reminder.patient_id], payload={"answer": asked.answer.value},
        )  # fmt: skip
    reminder.answer, reminder.answered_at = asked.answer.value, now
    reminder.save(update_fields=["answer", "answered_at"])
