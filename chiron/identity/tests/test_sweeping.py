"""What signing in leaves behind is removed when nothing asks for it any more, and not before."""

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from chiron.identity.digests import digest_of
from chiron.identity.errors import WrongCode
from chiron.identity.limits import Rate, spend
from chiron.identity.lockouts import attempt
from chiron.identity.models import Allowance, Lockout, Membership, MfaReset, SecondFactor, Session, SpentStep
from chiron.identity.second_factors import spend as spend_code
from chiron.identity.services.sweeping import sweep_sign_in
from chiron.identity.tests.factories import NINE, new_member, signed_in
from chiron.identity.tests.test_code_races import code_at, enrolled
from chiron.kernel.clock import now
from chiron.kernel.ids import new_id

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def member(hilltop: Any) -> Membership:
    return new_member(hilltop.id)


def left(at: datetime, member: Membership, lock: str) -> dict[str, int]:
    """What a sweep at that moment leaves of this member's rows."""
    sweep_sign_in(at)
    own = {"account": member.account}
    return {
        "steps": SpentStep.objects.filter(**own).count(),
        "setups": SecondFactor.objects.filter(**own, confirmed_at=None).count(),
        "resets": MfaReset.objects.filter(membership=member).count(),
        "sessions": Session.objects.filter(**own).count(),
        "failing": 0 if is_forgotten(lock) else 1,
    }


def is_forgotten(lock: str) -> bool:
    return not Lockout.objects.filter(id=digest_of("lockout", lock)).exists()


def test_each_goes_when_its_time_has_come(member: Membership) -> None:
    lock = str(new_id())
    signed_in(member, NINE)
    enrolled(member.account)
    spend_code(member.account_id, code_at(NINE), NINE, or_raise=WrongCode)
    attempt(lock, now=NINE)
    MfaReset(membership=member, requested_by=new_id(), requested_at=NINE).save(force_insert=True)
    everything = {"steps": 1, "setups": 0, "resets": 1, "sessions": 1, "failing": 1}

    assert left(NINE + HOUR / 2, member, lock) == everything
    assert left(NINE + HOUR * 2, member, lock) == everything | {"steps": 0}
    assert left(NINE + DAY + HOUR, member, lock) == everything | {"steps": 0, "resets": 0}
    assert left(NINE + 29 * DAY, member, lock) == everything | {"steps": 0, "resets": 0}
    assert left(NINE + 31 * DAY, member, lock) == everything | {"steps": 0, "resets": 0, "failing": 0}
    assert left(NINE + 45 * DAY, member, lock)["sessions"] == 0


def test_a_swept_code_is_refused_all_the_same(member: Membership) -> None:
    enrolled(member.account)
    spend_code(member.account_id, code_at(NINE), NINE, or_raise=WrongCode)

    sweep_sign_in(NINE + 2 * HOUR)

    with pytest.raises(WrongCode):
        spend_code(member.account_id, code_at(NINE), NINE, or_raise=WrongCode)


def test_a_spent_allowance_stays_spent(db: None) -> None:
    key, once = new_id(), Rate(1, 60)
    assert spend("sign-in.address", once, key, NINE).allowed

    sweep_sign_in(NINE + timedelta(seconds=59))
    assert not spend("sign-in.address", once, key, NINE + timedelta(seconds=59)).allowed
    sweep_sign_in(NINE + timedelta(seconds=61))

    assert not Allowance.objects.filter(full_at__lt=NINE + timedelta(seconds=61)).exists()


def test_a_setup_that_nobody_confirmed_goes_after_a_day(member: Membership) -> None:
    SecondFactor(account=member.account, secret=b"sealed", created_at=NINE).save(force_insert=True)

    sweep_sign_in(NINE + DAY - HOUR)
    assert SecondFactor.objects.filter(account=member.account).exists()
    sweep_sign_in(NINE + DAY + HOUR)

    assert not SecondFactor.objects.filter(account=member.account).exists()


def test_the_command_says_what_it_removed(member: Membership) -> None:
    signed_in(member, now() - 50 * DAY)
    said = StringIO()

    call_command("sweep_sign_in", stdout=said)

    assert said.getvalue().endswith(" 1 sessions removed\n")
