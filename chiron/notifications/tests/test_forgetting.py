"""What was read long ago is forgotten; numbers go on where they were."""

from datetime import timedelta

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.notifications.models import Delivery, Notification
from chiron.notifications.services.forgetting import READ_LIVES, UNREAD_LIVES, forget_old
from chiron.notifications.tests.factories import tell
from chiron.tenancy.public import inside
from tests.town import Clinic

MOMENT = timedelta(seconds=1)


def numbers(clinic: Clinic) -> list[int | None]:
    with inside(clinic.id):
        return list(Notification.objects.order_by("number").values_list("number", flat=True))


def test_only_what_is_old_goes_with_its_deliveries_and_no_number_comes_again(hilltop: Clinic) -> None:
    today = now()
    for _ in range(4):
        tell(hilltop, Role.DOCTOR)
    with inside(hilltop.id):
        of = {number: Notification.objects.filter(number=number) for number in (1, 2, 3, 4)}
        of[1].update(read_at=today - READ_LIVES - MOMENT)
        of[2].update(read_at=today - READ_LIVES + MOMENT)
        of[3].update(at=today - UNREAD_LIVES - MOMENT)
        of[4].update(at=today - UNREAD_LIVES + MOMENT)

    forgotten = [forget_old(today), forget_old(today)]
    left = numbers(hilltop)
    tell(hilltop, Role.DOCTOR)

    assert (forgotten, left, numbers(hilltop)) == ([2, 0], [2, 4], [2, 4, 5])
    with inside(hilltop.id):
        assert Delivery.objects.count() == 3
