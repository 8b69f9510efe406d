"""What carriers of mail tell us. They add members as they like: what we do not know is passed by."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from chiron.identity.email import email_of
from chiron.identity.suppressions import Reason, Said, Suppressed
from chiron.kernel.schemas import Body

Name = Annotated[str, StringConstraints(max_length=100)]
Address = Annotated[str, StringConstraints(max_length=254)]
MANY = 5000
"""How many events are taken at once."""

EPOCH = Annotated[int, Field(ge=0, le=2**32)]
NOBODY_THERE = frozenset({"user unknown", "mailbox inactive", "invalid domain", "no mail host", "preblocked"})
"""What Mailjet calls it where it has not even tried, or never will again."""


class MailjetEvent(BaseModel):
    """One event of Mailjet's event API (https://dev.mailjet.com/email/guides/webhooks/), as far as it matters here."""

    event: Name = Field(examples=["bounce"])
    time: EPOCH = Field(0, examples=[1430812195], description="Seconds since 1970.")
    email: Address = Field("", examples=["ama@example.org"])
    hard_bounce: bool = False
    blocked: bool = False
    error: Name = ""

    def said(self) -> Said | None:
        """What it says of the address, if that ends its mail; a mailbox that is full today does not."""
        gone = self.error in NOBODY_THERE
        reasons: dict[str, Reason | None] = {
            "bounce": Reason.BOUNCED if self.hard_bounce or self.blocked else None,
            "blocked": Reason.BOUNCED if gone else None,
            "spam": Reason.COMPLAINED,
            "unsub": Reason.UNSUBSCRIBED,
        }
        reason = reasons.get(self.event)
        return Said(self.email, reason, datetime.fromtimestamp(self.time, UTC)) if reason and self.email else None


class CarrierEvent(BaseModel):
    """What any other carrier, or a script that reads bounces, says of an address."""

    event: Name = Field(examples=["bounced"], description="`bounced` (for good), `complained` or `unsubscribed`.")
    time: EPOCH = Field(0, description="Seconds since 1970.")
    email: Address = Field(examples=["ama@example.org"])

    def said(self) -> Said | None:
        known = self.event in Reason.values and self.email
        return Said(self.email, Reason(self.event), datetime.fromtimestamp(self.time, UTC)) if known else None


class CarrierEvents(BaseModel):
    events: list[CarrierEvent] = Field(max_length=MANY, examples=[[{"event": "bounced", "email": "ama@example.org"}]])


class Taken(BaseModel):
    suppressed: int = Field(description="How many addresses get no more mail from now on.")


class Lifted(Body):
    email: Address = Field(examples=["ama@example.org"])


class SuppressedOut(BaseModel):
    """A member to whom nothing is mailed."""

    membership_id: UUID
    username: str
    email: str | None
    reason: str = Field(examples=["bounced"])
    since: datetime

    @classmethod
    def of(cls, each: Suppressed) -> Self:
        return cls(
            membership_id=each.membership.id,
            username=each.membership.account.username,
            email=email_of(each.membership.account),
            reason=each.row.reason,
            since=each.row.at,
        )


class SuppressedList(BaseModel):
    suppressed: list[SuppressedOut]
    next: str | None

    @classmethod
    def of(cls, found: Any) -> Self:
        return cls(suppressed=[SuppressedOut.of(each) for each in found.rows], next=found.next)
