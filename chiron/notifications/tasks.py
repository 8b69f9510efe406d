"""What notifications do a moment later."""

from uuid import UUID

from chiron.jobs.public import enqueue, job
from chiron.kernel import clock
from chiron.notifications.services import sending


@job("notifications.send")
def send_delivery(*, delivery_id: UUID) -> None:
    """Mail one delivery, and come back later where the server would not take it or it is too early."""
    again = sending.send(delivery_id=delivery_id, now=clock.now())
    if again:
        enqueue(send_delivery, due=again, delivery_id=delivery_id)
