"""What notifications do a moment later."""

from datetime import datetime
from uuid import UUID

from chiron.identity.public import Alarm
from chiron.jobs.public import enqueue, job
from chiron.kernel import clock
from chiron.notifications.kinds import Kind
from chiron.notifications.services import forgetting, sending, telling


@job("notifications.send")
def send_delivery(*, delivery_id: UUID) -> None:
    """Mail one delivery, and come back later where the server would not take it or it is too early."""
    again = sending.send(delivery_id=delivery_id, now=clock.now())
    if again:
        enqueue(send_delivery, due=again, delivery_id=delivery_id)


@job("notifications.tell_of_alarm")
def tell_of_alarm(*, account_id: UUID, what: int, about: UUID, at: datetime) -> None:
    """Tell a member what happened to their account."""
    telling.notify(kind=Kind.SECURITY, to=[account_id], resource=Alarm(what).name.lower(), resource_id=about, now=at)


@job("notifications.forget_old", every="11 4 * * *")
def forget_old() -> None:
    """What was read long ago is forgotten."""
    forgetting.forget_old(clock.now())
