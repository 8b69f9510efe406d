"""Rules of reminders over the API: said by admins, one of a kind; and what became of reminders, for staff (REM-05)."""

from typing import Any

import pytest

from chiron.identity.email import set_email
from chiron.identity.models import Account
from chiron.identity.public import Role
from chiron.kernel.ids import NIL, new_id
from chiron.notifications.models import Delivery
from chiron.scheduling.models import ReminderRule
from chiron.scheduling.services.reminding import tell_due
from chiron.scheduling.tests.factories import NOW, booked, receives
from chiron.scheduling.tests.test_api import call, problem
from chiron.tenancy.public import inside
from tests.town import Clinic

RULE: dict[str, Any] = {"type_id": None, "minutes_before": 1440, "reckoning": "clock", "channel": "app", "late": "skip"}


def test_an_admin_says_rules_and_takes_them_back(hilltop: Clinic) -> None:
    made = call(hilltop, Role.ADMIN, "post", "/reminder-rules", RULE)
    path = made.headers["Location"].removeprefix("/api")
    changed = call(hilltop, Role.ADMIN, "put", path, RULE | {"minutes_before": 60}, **{"If-Match": '"1"'})
    stale = call(hilltop, Role.ADMIN, "put", path, RULE, **{"If-Match": '"1"'})
    read = call(hilltop, Role.LAB, "get", "/reminder-rules").json()["reminder_rules"]
    too_late = call(hilltop, Role.ADMIN, "delete", path, **{"If-Match": '"1"'})
    gone = call(hilltop, Role.ADMIN, "delete", path, **{"If-Match": '"2"'})

    own = made.json()["reminder_rule"]
    assert (made.status_code, own) == (201, RULE | {"id": own["id"], "version": 1})
    assert (changed.status_code, problem(stale)) == (200, (412, "stale-version"))
    assert read == [RULE | {"id": own["id"], "version": 2, "minutes_before": 60}]
    assert (problem(too_late), gone.status_code) == ((412, "stale-version"), 204)
    with inside(hilltop.id):
        assert ReminderRule.objects.count() == 0


def test_a_rule_is_one_of_its_kind(hilltop: Clinic) -> None:
    call(hilltop, Role.ADMIN, "post", "/reminder-rules", RULE)

    assert problem(call(hilltop, Role.ADMIN, "post", "/reminder-rules", RULE)) == (409, "reminder-rule-exists")
    with inside(hilltop.id):
        assert ReminderRule.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"minutes_before": 0}, 422), ({"minutes_before": 10**9}, 422), ({"channel": "fax"}, 422), ({"late": "?"}, 422),
     ({"reckoning": ""}, 422), ({"type_id": str(new_id())}, 404), ({"colour": 1}, 422)],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, Any], status: int, hilltop: Clinic) -> None:
    assert problem(call(hilltop, Role.ADMIN, "post", "/reminder-rules", RULE | wrong))[0] == status
    with inside(hilltop.id):
        assert ReminderRule.objects.count() == 0


def test_staff_see_what_became_of_a_reminder_and_its_mail(hilltop: Clinic) -> None:
    account = Account.objects.get(id=hilltop.who[Role.PATIENT].account_id or NIL)
    set_email(account, "kofi@example.org")
    account.save()
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        ReminderRule.objects.create(minutes_before=60 * 48)
        booked(hilltop)
        tell_due(NOW)
        Delivery.objects.filter(notification__kind="appointment.reminder").update(state="failed", reason="refused")

    [seen] = call(hilltop, Role.RECEPTIONIST, "get", "/reminders").json()["reminders"]
    refused = call(hilltop, Role.PATIENT, "get", "/reminders")

    assert (seen["state"], seen["mail"], seen["mail_reason"]) == ("told", "failed", "refused")
    assert seen["patient_id"] == str(hilltop.patient_id)
    assert call(hilltop, Role.RECEPTIONIST, "get", "/reminders?state=waiting").json()["reminders"] == []
    assert refused.status_code == 403
