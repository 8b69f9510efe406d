"""Which buttons an appointment has: what it allows as it stands, at this hour, to this caller."""

from dataclasses import dataclass
from datetime import datetime

from chiron.desk.pages import may
from chiron.kernel.access import Caller
from chiron.scheduling.public import Appointment, Step, steps_from


@dataclass(frozen=True, slots=True)
class Act:
    """A button: the address's name, what it says, and the policy's action."""

    name: str
    text: str
    action: str
    at_once: bool = True
    """Whether it needs nothing more than the press of a button."""

    @property
    def address(self) -> str:
        """The name of the address that does it."""
        return f"desk:{self.name}"


ACTS = {
    Step.APPROVE: Act("approve", "Approve", "approve"),
    Step.CONFIRM: Act("confirm", "Confirm", "create"),
    Step.CHECK_IN: Act("check-in", "Check in", "attend"),
    Step.COMPLETE: Act("complete", "Complete", "attend"),
    Step.NO_SHOW: Act("no-show", "No show", "attend"),
    Step.UNDO_NO_SHOW: Act("undo-no-show", "Undo no show", "attend"),
    Step.RESCHEDULE: Act("move", "Move", "reschedule", at_once=False),
    Step.DECLINE: Act("decline", "Decline", "approve", at_once=False),
    Step.CANCEL: Act("cancel", "Cancel", "cancel", at_once=False),
}
TOLD = {
    "booked": "Booked.",
    "approve": "Approved.",
    "decline": "Declined; the time is free again.",
    "confirm": "Booked.",
    "joined": "On the waitlist.",
    "moved": "Moved to its new time.",
    "check-in": "Checked in.",
    "complete": "Completed.",
    "no-show": "Noted as a no-show; the time is free again.",
    "undo-no-show": "The no-show is taken back.",
    "cancel": "Cancelled; the time is free again.",
}
"""What has just been done, by the word that the address carries."""


def acts_on(by: Caller, appointment: Appointment, now: datetime) -> list[Act]:
    """The buttons, the most usual first."""
    possible = {Step(step) for step in steps_from(appointment.status)}
    possible -= {Step.RESCHEDULE} if now >= appointment.starts_at else {Step.NO_SHOW}
    possible -= {Step.CANCEL} if Step.DECLINE in possible else set()  # two words for one thing
    return [act for step, act in ACTS.items() if step in possible and may(by, "appointments", act.action)]
