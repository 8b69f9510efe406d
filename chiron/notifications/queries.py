"""What somebody was told, and what they want to be told: their own, and nobody else's."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound
from chiron.kernel.ids import NIL
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.notifications.kinds import ALWAYS, Channel, Kind, is_on
from chiron.notifications.models import Notification, Preference, QuietHours
from chiron.notifications.words import DEFAULT, spoken
from chiron.tenancy.public import current_organization_id, organization_for_id


@dataclass(frozen=True, slots=True)
class Wish:
    """Whether somebody is told of a kind on a channel; what is ``fixed`` nobody can turn off."""

    kind: Kind
    channel: Channel
    on: bool
    fixed: bool


def told(by: Caller, action: str = "read") -> "QuerySet[Notification]":
    """The caller's own notifications. Raises NotPermitted."""
    by.scope("notifications", action)
    return Notification.objects.filter(account_id=by.account_id or NIL, number__isnull=False)


def list_notifications(by: Caller, query: PageQuery, *, unread: bool = False) -> Page[Notification]:
    """A page of what the caller was told, the newest first; or of what is unread."""
    found = told(by)
    return page(found.filter(read_at=None) if unread else found, query, ("-number",))


def unread_count(by: Caller) -> int:
    """How many notifications of the caller are unread."""
    return told(by).filter(read_at=None).count()


def notification_for(by: Caller, notification_id: UUID, action: str = "read") -> Notification:
    """One of the caller's own. Raises NotFound."""
    found = told(by, action).filter(id=notification_id).first()
    if found is None:
        raise NotFound
    return found


def language_for(accepted: str) -> str:
    """The language in which to answer: what the reader accepts (`Accept-Language`), else the organization's own."""
    return spoken(accepted) or spoken(organization_for_id(current_organization_id()).locale) or DEFAULT


def preferences_of(by: Caller) -> tuple[list[Wish], QuietHours | None]:
    """What the caller is told of, for every kind and channel, and when it wants no mail."""
    by.scope("notification-preferences", "read")
    own = Preference.objects.filter(account_id=by.account_id or NIL)
    said = {(kind, channel): on for kind, channel, on in own.values_list("kind", "channel", "on")}
    wishes = [
        Wish(kind, channel, kind in ALWAYS or said.get((kind, channel), is_on(kind, channel)), kind in ALWAYS)
        for kind in Kind
        for channel in Channel
    ]
    return wishes, QuietHours.objects.filter(account_id=by.account_id or NIL).first()
