"""What one is told, at the desk."""

from uuid import UUID

import pytest

from chiron.desk.tests.factories import look, send, text
from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.notifications.models import Notification
from chiron.notifications.public import Kind
from chiron.notifications.tests.factories import account_of, tell
from chiron.tenancy.public import inside
from tests.town import Clinic

pytestmark = pytest.mark.usefixtures("monday")
DESK = Role.RECEPTIONIST


def unread(clinic: Clinic) -> list[UUID]:
    """What the receptionist has not read, in order."""
    with inside(clinic.id):
        mine = Notification.objects.filter(account_id=account_of(clinic, DESK), read_at=None)
        return list(mine.order_by("number").values_list("id", flat=True))


def test_every_page_says_how_many_are_unread_and_follows_what_comes_after_them(hilltop: Clinic) -> None:
    before = look(hilltop, "waitlist").content.decode()
    tell(hilltop, DESK)
    tell(hilltop, DESK, Role.DOCTOR, kind=Kind.CANCELLED)

    after = look(hilltop, "waitlist")

    assert 'sse-connect="/api/notifications/stream?last_event_id=0"' in before
    assert 'sse-connect="/api/notifications/stream?last_event_id=2"' in after.content.decode()
    assert "Notifications 2 unread" in text(after)
    assert after.context["unread"] == 2


def test_the_bell_says_the_newest_for_who_cannot_see_it(hilltop: Clinic) -> None:
    nothing = look(hilltop, "notifications/bell")
    tell(hilltop, DESK)
    tell(hilltop, DESK, kind=Kind.CANCELLED)

    bell = look(hilltop, "notifications/bell").content.decode()

    assert "heard" not in nothing.content.decode()
    assert '<b class="bell">2</b>' in bell
    assert (
        '<p id="heard" class="unseen" role="status" hx-swap-oob="innerHTML">An appointment was cancelled.</p>' in bell
    )


def test_the_list_shows_the_newest_first_and_nothing_of_others(hilltop: Clinic) -> None:
    tell(hilltop, DESK)
    tell(hilltop, Role.DOCTOR, kind=Kind.ANNOTATED)
    tell(hilltop, DESK, kind=Kind.MOVED)

    shown = look(hilltop, "notifications")

    assert [(line.number, line.text) for line in shown.context["lines"]] == [
        (2, "An appointment was moved."), (1, "An appointment was booked.")
    ]  # fmt: skip


def test_one_that_is_opened_is_read_and_leads_to_what_it_is_about(hilltop: Clinic) -> None:
    about = tell(hilltop, DESK)
    tell(hilltop, DESK, kind=Kind.SECURITY, resource="password")
    first, second = unread(hilltop)

    to_it = send(hilltop, f"notifications/{first}/read")
    back = send(hilltop, f"notifications/{second}/read")

    assert to_it.headers["Location"] == f"/desk/appointments/{about}"
    assert back.headers["Location"] == "/desk/notifications"
    assert unread(hilltop) == []


def test_all_that_were_seen_are_read_and_what_came_since_is_not(hilltop: Clinic) -> None:
    tell(hilltop, DESK)
    tell(hilltop, DESK)
    seen = look(hilltop, "notifications").context["lines"][0].number
    tell(hilltop, DESK)
    *_, last = unread(hilltop)

    send(hilltop, "notifications/read-all", up_to=seen)

    assert unread(hilltop) == [last]


def test_what_somebody_else_was_told_and_what_nobody_was_are_the_same(hilltop: Clinic, riverside: Clinic) -> None:
    tell(hilltop, Role.DOCTOR)
    tell(riverside, DESK)
    with inside(hilltop.id):
        colleague = Notification.objects.get().id
    with inside(riverside.id):
        neighbour = Notification.objects.get().id

    answers = [send(hilltop, f"notifications/{each}/read") for each in (colleague, neighbour, new_id())]

    assert [each.status_code for each in answers] == [404, 404, 404]
    assert len({text(each) for each in answers}) == 1
    for clinic in (hilltop, riverside):
        with inside(clinic.id):
            assert Notification.objects.get().read_at is None
