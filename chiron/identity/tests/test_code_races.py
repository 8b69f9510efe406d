"""A code works once, however many present it at the same moment and however late (promise A5)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pyotp
import pytest
from django.db import IntegrityError, connections

from chiron.identity.errors import WrongCode
from chiron.identity.models import Account, SecondFactor, SpentStep
from chiron.identity.second_factors import APP, BACKUP, BACKUP_CODES, new_backup_codes, spend
from chiron.identity.tests.factories import NINE, new_account, new_member
from chiron.kernel.db import ACCOUNTS, atomic, constraint_of
from chiron.kernel.ids import new_id
from chiron.vault.public import platform_safe

CALLERS = 64
SECRET = pyotp.random_base32()
Attempt = Callable[[int], str]


def enrolled(account: Account) -> Account:
    factor = SecondFactor(id=new_id(), account=account, confirmed_at=NINE)
    factor.secret = platform_safe().seal(factor, "secret", SECRET)
    factor.save(force_insert=True)
    return account


def code_at(at: datetime) -> str:
    return pyotp.TOTP(SECRET).at(at)


def accepted(account: Account, code: str, at: datetime) -> bool:
    try:
        return spend(account.id, code, at, or_raise=WrongCode) == APP
    except WrongCode:
        return False


def races(attempt: Attempt, trials: int) -> list[list[str]]:
    """What each of many trials accepted, in which all callers do the same at the same moment."""
    start = Barrier(CALLERS)

    def run(_: int) -> list[str]:
        try:
            return [once(trial) for trial in range(trials)]
        finally:
            connections.close_all()

    def once(trial: int) -> str:
        start.wait()
        try:
            return attempt(trial)
        except WrongCode:
            return ""

    with ThreadPoolExecutor(CALLERS) as threads:
        by_caller = list(threads.map(run, range(CALLERS)))
    return [[each for each in trial if each] for trial in zip(*by_caller, strict=True)]


def app_races(organization_id: Any, trials: int) -> list[list[str]]:
    account = enrolled(new_member(organization_id).account)

    def attempt(trial: int) -> str:
        at = NINE + timedelta(seconds=30 * trial)
        return spend(account.id, code_at(at), at, or_raise=WrongCode)

    return races(attempt, trials)


def backup_races(organization_id: Any, trials: int) -> list[list[str]]:
    accounts = [new_member(organization_id).account for _ in range(-(-trials // BACKUP_CODES))]
    codes = [(account.id, code) for account in accounts for code in new_backup_codes(account.id)]
    return races(lambda trial: spend(*codes[trial], NINE, or_raise=WrongCode), trials)


@pytest.mark.parametrize("trials", [10, pytest.param(200, marks=pytest.mark.stress)])
def test_of_sixty_four_who_present_one_code_of_the_app_one_is_let_in(
    trials: int, fresh_organization: Any, shown: Callable[[str, str], None]
) -> None:
    accepted = app_races(fresh_organization.id, trials)

    assert accepted == [[APP]] * trials
    shown("A5", f"{trials} codes of an app, each presented by {CALLERS} at once: {sum(map(len, accepted))} let in")


@pytest.mark.parametrize("trials", [10, pytest.param(200, marks=pytest.mark.stress)])
def test_of_sixty_four_who_present_one_backup_code_one_is_let_in(
    trials: int, fresh_organization: Any, shown: Callable[[str, str], None]
) -> None:
    accepted = backup_races(fresh_organization.id, trials)

    assert accepted == [[BACKUP]] * trials
    shown("A5", f"{trials} backup codes, each presented by {CALLERS} at once: {sum(map(len, accepted))} let in")


def test_an_accepted_code_is_never_accepted_again(db: None, shown: Callable[[str, str], None]) -> None:
    account, later = enrolled(new_account()), [0, 1, 29, 30, 31, 59, 60, 61, 3600]
    assert accepted(account, code_at(NINE), NINE)

    again = [seconds for seconds in later if accepted(account, code_at(NINE), NINE + timedelta(seconds=seconds))]

    assert again == []
    shown("A5", f"one code again after {later} seconds: {len(again)} times accepted")


def test_nor_is_the_unused_code_of_an_earlier_half_minute(db: None) -> None:
    account = enrolled(new_account())
    assert accepted(account, code_at(NINE), NINE)

    assert not accepted(account, code_at(NINE - timedelta(seconds=30)), NINE)
    assert accepted(account, code_at(NINE + timedelta(seconds=30)), NINE)
    assert not accepted(account, code_at(NINE), NINE + timedelta(seconds=30))


@pytest.mark.parametrize(("seconds", "fits"), [(-31, False), (-30, True), (0, True), (59, True), (60, False)])
def test_a_code_counts_from_half_a_minute_before_to_half_a_minute_after(seconds: int, fits: bool, db: None) -> None:
    account = enrolled(new_account())

    assert accepted(account, code_at(NINE), NINE + timedelta(seconds=seconds)) is fits


def test_the_last_wall_is_a_constraint(db: None) -> None:
    account = enrolled(new_account())
    assert accepted(account, code_at(NINE), NINE)
    SecondFactor.objects.filter(account=account).update(last_step=0)

    with pytest.raises(IntegrityError) as refused, atomic(ACCOUNTS):
        SpentStep(account=account, step=SpentStep.objects.get(account=account).step).save(force_insert=True)

    assert constraint_of(refused.value) == "a_code_works_once"
    assert not accepted(account, code_at(NINE), NINE)
