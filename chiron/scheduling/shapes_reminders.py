"""Rules of reminders, and what became of reminders, over HTTP."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from chiron.kernel.schemas import Body, PageQuery
from chiron.scheduling.models import Reminder, ReminderRule
from chiron.scheduling.services.reminder_rules import RuleSaid
from chiron.scheduling.words import Late, Reckoning, Reminded

YEAR = 366 * 24 * 60


class RuleIn(Body):
    """When patients are reminded of appointments of a type, or of any type that has no rules itself."""

    type_id: UUID | None = Field(None, description="The appointment type; null for all that have no rules themselves.")
    minutes_before: int = Field(ge=5, le=YEAR, examples=[1440])
    reckoning: Reckoning = Field(
        Reckoning.ELAPSED,
        description="`elapsed`: so much time before; `clock`: at the same time of the clock so much earlier.",
    )
    channel: Literal["email", "app"] = "email"
    late: Late = Field(Late.SEND, description="For who books within that time: `send` at once, or `skip`.")

    def said(self) -> RuleSaid:
        return RuleSaid(**dict(self))


class RuleOut(BaseModel):
    id: UUID
    type_id: UUID | None
    minutes_before: int
    reckoning: str
    channel: str
    late: str
    version: int

    @classmethod
    def of(cls, rule: ReminderRule) -> Self:
        return cls.model_validate({name: getattr(rule, name) for name in cls.model_fields})


class RuleEnvelope(BaseModel):
    reminder_rule: RuleOut


class Rules(BaseModel):
    reminder_rules: list[RuleOut]
    next: str | None


class ReminderOut(BaseModel):
    """``state`` is the reminder's, ``mail`` what became of its mail where it has one; with the reasons."""

    id: UUID
    appointment_id: UUID
    version: int
    patient_id: UUID
    minutes_before: int
    channel: str
    due_at: datetime
    state: str = Field(examples=["told"])
    reason: str
    mail: str | None = Field(examples=["failed"])
    mail_reason: str | None
    answer: str

    @classmethod
    def of(cls, reminder: Reminder) -> Self:
        said: dict[str, Any] = {name: getattr(reminder, name) for name in cls.model_fields}
        return cls.model_validate(said)


class Reminders(BaseModel):
    reminders: list[ReminderOut]
    next: str | None


class ReminderQuery(PageQuery):
    state: Reminded | None = None
