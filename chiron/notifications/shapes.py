"""What notifications say and hear over HTTP."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, WithJsonSchema, model_validator

from chiron.kernel.pagination import Page
from chiron.kernel.schemas import Body, Clock, PageQuery, ZoneName
from chiron.notifications.kinds import Channel, Kind
from chiron.notifications.models import Notification, QuietHours
from chiron.notifications.queries import Wish
from chiron.notifications.services.preferring import Quiet
from chiron.notifications.words import link, sentence

LAST = 2**63 - 1


class NotificationQuery(PageQuery):
    unread: bool = Field(False, description="Only what you have not read.")


class ReadAllQuery(BaseModel):
    up_to: int | None = Field(
        None, ge=1, le=LAST, description="The `number` of the newest that you have seen; without it, all there is."
    )


# Departments have a Kind, too, and what the document names it names by the name of a class alone.
Told = Annotated[Kind, WithJsonSchema({"type": "string", "enum": [*Kind]})]


class NotificationOut(BaseModel):
    """What happened, without who or what exactly: its link leads there, for those who may read it."""

    id: UUID
    number: int = Field(description="1, 2, 3, … for each account, in the order in which it happened.")
    kind: Told
    title: str = Field(description="In the first language of `Accept-Language` that is spoken here (en, fr).")
    resource: str
    resource_id: UUID
    link: str | None
    at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, told: Notification, language: str) -> Self:
        kind = Kind(told.kind)
        return cls(
            id=told.id, number=told.number or 0, kind=kind, title=sentence(kind, told.resource, language),
            resource=told.resource, resource_id=told.resource_id, link=link(told.resource, told.resource_id),
            at=told.at, read_at=told.read_at,
        )  # fmt: skip


class NotificationEnvelope(BaseModel):
    notification: NotificationOut


class Notifications(BaseModel):
    notifications: list[NotificationOut]
    unread: int = Field(description="How many of all are unread.")
    next: str | None

    @classmethod
    def of(cls, page: Page[Notification], unread: int, language: str) -> Self:
        return cls(
            notifications=[NotificationOut.of(told, language) for told in page.rows], unread=unread, next=page.next
        )


class Unread(BaseModel):
    unread: int


class AllRead(BaseModel):
    marked: int = Field(description="How many were unread until now.")
    unread: int


class QuietIO(Body):
    """No mail from one wall time to another, over midnight too; what comes meanwhile is mailed at the end."""

    begin: Clock = Field(examples=["22:00"])
    end: Clock = Field(examples=["07:00"])
    time_zone: ZoneName

    @model_validator(mode="after")
    def lasts_for_a_while(self) -> Self:
        if self.begin == self.end:
            raise ValueError("begin and end are the same")
        return self


class WishIn(Body):
    kind: Told
    channel: Channel
    on: bool


class WishOut(BaseModel):
    kind: Told
    channel: Channel
    on: bool
    fixed: bool = Field(description="Nobody can turn it off.")


class PreferencesIn(Body):
    """All that differs from what everybody is told of."""

    preferences: list[WishIn] = Field(
        max_length=len(Kind) * len(Channel),
        examples=[[{"kind": "appointment.booked", "channel": "email", "on": False}]],
    )
    quiet_hours: QuietIO | None = None

    @model_validator(mode="after")
    def says_nothing_twice(self) -> Self:
        if len(self.wishes()) != len(self.preferences):
            raise ValueError("says something twice")
        return self

    def wishes(self) -> dict[tuple[Kind, Channel], bool]:
        return {(each.kind, each.channel): each.on for each in self.preferences}

    def quiet(self) -> Quiet | None:
        return Quiet(**self.quiet_hours.model_dump()) if self.quiet_hours else None


class Preferences(BaseModel):
    preferences: list[WishOut]
    quiet_hours: QuietIO | None

    @classmethod
    def of(cls, wishes: list[Wish], quiet: QuietHours | None) -> Self:
        return cls(
            preferences=[
                WishOut(kind=each.kind, channel=each.channel, on=each.on, fixed=each.fixed) for each in wishes
            ],
            quiet_hours=QuietIO(begin=quiet.begin, end=quiet.end, time_zone=quiet.time_zone) if quiet else None,
        )
