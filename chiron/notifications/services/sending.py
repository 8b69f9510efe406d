"""Mailing what is on its way, each delivery by a job of its own: one bad address stops nobody else's (REM-04).

The delivery's row is locked from before the mail is handed over until that is written down, so of any number of workers
one sends. A worker killed between the two has sent a mail that nobody wrote down; it is then sent once more, with the
same Message-ID, by which mailboxes know that it is the same. Nothing is ever sent and counted as not, or not at all.
"""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from chiron.identity.public import Account, email_of, locale_of, suppression_of
from chiron.kernel.letters import Letter, letter
from chiron.kernel.mail import NOT_TAKEN, is_final, send_mail
from chiron.notifications.hooks import Hooks, Reader
from chiron.notifications.kinds import Channel, Kind, is_on
from chiron.notifications.models import Delivery, Notification, Preference, QuietHours
from chiron.notifications.unsubscribing import headers_of
from chiron.tenancy.public import current_organization_id, organization_for_id

State = Delivery.State
ATTEMPTS = 8
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


def send(*, delivery_id: UUID, now: datetime) -> datetime | None:
    """Mail a delivery that waits; answers when to try again, None where there is nothing left to do.

    It is sent, or suppressed (no address, or one to which nothing is mailed, or its owner muted the kind), or expired
    (it says nothing true any more), or after some attempts failed, each with its reason.
    """
    delivery = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("notification")
        .filter(id=delivery_id, state=State.WAITING)
        .first()
    )
    if delivery is None:
        return None
    if delivery.not_before > now:
        return delivery.not_before
    told = delivery.notification
    reader = reader_of(told.account_id)
    reason = _reason_not_to(told, reader)
    if reader is None or reason:
        _settle(delivery, State.SUPPRESSED, reason or "no-address")
        return None
    said = letter_of(told, reader)
    if said is None:
        _settle(delivery, State.EXPIRED, "no-longer-so")
        return None
    return _hand_over(delivery, reader, said, now)


def reader_of(account_id: UUID) -> Reader | None:
    """Who gets the mail of an account; None for one that is disabled or has no address."""
    account = Account.objects.filter(id=account_id, is_active=True).first()
    address = email_of(account) if account else None
    if account is None or not address:
        return None
    organization = organization_for_id(current_organization_id())
    quiet = QuietHours.objects.filter(account_id=account_id).first()
    zone = ZoneInfo(quiet.time_zone if quiet else organization.time_zone)
    return Reader(account_id, address, locale_of(account, organization.locale), zone, organization.name)


def letter_of(told: Notification, reader: Reader) -> Letter | None:
    """What its mail says: by the app that owns what it is about, else in general words."""
    if told.resource in Hooks.letters:
        return Hooks.letters[told.resource](told.kind, told.resource_id, reader)
    return letter("chiron.notifications", "news", reader.locale, clinic=reader.clinic, link=settings.PUBLIC_URL)


def _reason_not_to(told: Notification, reader: Reader | None) -> str:
    if reader is None:
        return "no-address"
    said = Preference.objects.filter(account_id=told.account_id, kind=told.kind, channel=Channel.EMAIL).first()
    if not (said.on if said else is_on(Kind(told.kind), Channel.EMAIL)):
        return "muted"
    return suppression_of(reader.address)


def _hand_over(delivery: Delivery, reader: Reader, said: Letter, now: datetime) -> datetime | None:
    headers = headers_of(current_organization_id(), reader.account_id, Kind(delivery.notification.kind))
    delivery.attempts += 1
    try:
        delivery.provider_id = send_mail(to=reader.address, letter=said, headers=headers, known_as=str(delivery.id))
    except NOT_TAKEN as error:
        if is_final(error) or delivery.attempts >= ATTEMPTS:
            _settle(delivery, State.FAILED, "refused" if is_final(error) else type(error).__name__[:40])
            return None
        delivery.not_before = now + min(FIRST_PAUSE * 2 ** (delivery.attempts - 1), LONGEST_PAUSE)
        delivery.save(update_fields=["attempts", "not_before"])
        return delivery.not_before
    delivery.sent_at = now
    _settle(delivery, State.SENT)
    return None


def _settle(delivery: Delivery, state: Delivery.State, reason: str = "") -> None:
    delivery.state, delivery.reason = state, reason
    delivery.save(update_fields=["state", "reason", "attempts", "provider_id", "sent_at"])
