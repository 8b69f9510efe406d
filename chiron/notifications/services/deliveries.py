"""Looking at what was to be mailed, and having it tried again; whom it is for stays an id."""

from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.jobs.public import enqueue
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.notifications import tasks
from chiron.notifications.errors import DeliveryNotFailed
from chiron.notifications.models import Delivery

State = Delivery.State


def list_deliveries(by: Caller, query: PageQuery, *, state: str = "") -> Page[Delivery]:
    """A page of deliveries, the latest first, or of those that stand so."""
    by.scope("deliveries", "read")
    every = Delivery.objects.select_related("notification")
    found = page(every.filter(state=state) if state else every, query)
    audit.record(by, "delivery.listed", resource="deliveries")
    return found


def read_delivery(by: Caller, delivery_id: UUID) -> Delivery:
    """One delivery. Raises NotFound."""
    by.scope("deliveries", "read")
    found = Delivery.objects.select_related("notification").filter(id=delivery_id).first()
    if found is None:
        raise NotFound
    audit.record(by, "delivery.read", resource="deliveries", resource_id=delivery_id)
    return found


def try_again(*, by: Caller, delivery_id: UUID, now: datetime) -> Delivery:
    """Have what failed mailed once more, as if it had just been asked for. Raises NotFound, DeliveryNotFailed."""
    by.scope("deliveries", "update")
    delivery = Delivery.objects.select_for_update().filter(id=delivery_id).first()
    if delivery is None:
        raise NotFound
    if delivery.state != State.FAILED:
        raise DeliveryNotFailed
    delivery.state, delivery.reason, delivery.attempts, delivery.not_before = State.WAITING, "", 0, now
    delivery.save(update_fields=["state", "reason", "attempts", "not_before"])
    enqueue(tasks.send_delivery, delivery_id=delivery.id)
    audit.record(by, "delivery.tried_again", resource="deliveries", resource_id=delivery.id)
    return delivery
