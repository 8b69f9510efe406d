"""What was to be mailed: seen by those who answer for it, and tried again where it failed."""

from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.errors import NotFound, NotPermitted
from chiron.notifications.errors import DeliveryNotFailed
from chiron.notifications.models import Delivery
from chiron.notifications.services.deliveries import try_again
from chiron.notifications.tests.factories import account_of, mails, tell
from chiron.tenancy.public import inside
from tests.town import Clinic

ADMIN = Role.ADMIN


@pytest.fixture
def failed(hilltop: Clinic) -> UUID:
    """A mail that eight attempts did not bring away."""
    tell(hilltop, Role.PATIENT)
    [delivery] = mails(hilltop)
    with inside(hilltop.id):
        Delivery.objects.update(state="failed", reason="refused", attempts=8)
    return delivery.id


def test_a_failed_mail_is_seen_without_anybodys_name_or_address(hilltop: Clinic, failed: UUID) -> None:
    desk = hilltop.desk(ADMIN)

    listed = desk.get("/admin/notifications/delivery/?state=failed").content.decode()
    shown = desk.get(f"/admin/notifications/delivery/{failed}/change/").content.decode()

    assert "appointment.booked" in listed
    assert str(failed) in listed
    assert all(fact in shown for fact in ("refused", "Try again", str(account_of(hilltop, Role.PATIENT))))
    assert all("Mensah" not in page and "example.org" not in page for page in (listed, shown))


def test_a_failed_mail_is_tried_again_by_a_click_and_once(hilltop: Clinic, failed: UUID) -> None:
    desk, path = hilltop.desk(ADMIN), f"/admin/notifications/delivery/{failed}/again/"

    first = desk.post(path)
    again = desk.post(path)

    assert (first.status_code, again.status_code) == (302, 409)
    [delivery] = mails(hilltop)
    assert (delivery.state, delivery.reason, delivery.attempts) == ("waiting", "", 0)


@pytest.mark.parametrize(("role", "refusal"), [(Role.PRIVACY_OFFICER, NotPermitted), (Role.RECEPTIONIST, NotPermitted)])
def test_who_may_not_has_nothing_tried_again(
    hilltop: Clinic, failed: UUID, role: Role, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal), inside(hilltop.id):
        try_again(by=hilltop.who[role], delivery_id=failed, now=now())

    assert [each.state for each in mails(hilltop)] == ["failed"]


def test_next_doors_mail_is_nobodys(hilltop: Clinic, riverside: Clinic, failed: UUID) -> None:
    with pytest.raises(NotFound), inside(riverside.id):
        try_again(by=riverside.who[ADMIN], delivery_id=failed, now=now())

    assert [each.state for each in mails(hilltop)] == ["failed"]


@pytest.mark.parametrize("state", ["waiting", "sent", "suppressed", "expired"])
def test_only_what_failed_is_tried_again(hilltop: Clinic, failed: UUID, state: str) -> None:
    with inside(hilltop.id):
        Delivery.objects.update(state=state)

    with pytest.raises(DeliveryNotFailed), inside(hilltop.id):
        try_again(by=hilltop.who[ADMIN], delivery_id=failed, now=now())

    assert [each.attempts for each in mails(hilltop)] == [8]
