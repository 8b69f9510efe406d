"""Accounts: making them, registering oneself, changing one's own, disabling."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from chiron.audit.public import record_platform
from chiron.identity import tasks
from chiron.identity.alarms import Alarm, alarm
from chiron.identity.email import keep_former, set_email
from chiron.identity.errors import AccountExists, ClaimSettled, OrganizationSuspended, RegistrationClosed
from chiron.identity.families import end_families
from chiron.identity.hooks import Hooks, Person
from chiron.identity.limits import take
from chiron.identity.models import Account, Membership
from chiron.identity.passwords import must_be_strong
from chiron.identity.queries import me
from chiron.identity.roles import Role
from chiron.identity.rules import is_birth_date
from chiron.identity.services.mfa import confirmed_account
from chiron.jobs.public import enqueue_from_accounts
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, must_answer, refusing
from chiron.kernel.errors import NotFound, invalid
from chiron.tenancy.public import Organization, Policies, inside

TAKEN = {
    "one_account_per_username": AccountExists,
    "one_account_per_username_as_written": AccountExists,
    "one_account_per_email": AccountExists,
}


def make_account(
    *, username: str, email: str, password: str, is_operator: bool = False, quiet: bool = False, now: datetime
) -> Account:
    """A new account that belongs nowhere yet. Raises Invalid for a weak password, AccountExists.

    With `quiet` an address that is another account's is no refusal, which would tell strangers who has an account: it
    is kept, and the account is not found by it.
    """
    must_be_strong(password)
    account = Account(username=Account.normalize_username(username), is_operator=is_operator, created_at=now)
    set_email(account, email)
    if quiet:
        _keep_quiet(account)
    account.set_password(password)
    with refusing(ACCOUNTS, **TAKEN):
        account.save(force_insert=True)
    return account


def create_operator(*, by: Caller, username: str, password: str, now: datetime) -> Account:
    """An account that runs the platform and sees nothing clinical. Raises Invalid, AccountExists."""
    by.scope("accounts", "update")
    with atomic(ACCOUNTS):
        account = make_account(username=username, email="", password=password, is_operator=True, now=now)
        record_platform(by, "account.created", resource="accounts", resource_id=account.id, payload={"operator": True})
    return account


def register(
    *,
    by: Caller,
    organization: Organization,
    username: str,
    email: str,
    password: str,
    role: Role,
    person: Person,
    now: datetime,
) -> Membership:
    """Somebody makes an account for themselves, as a patient or as a doctor, and says who they are.

    A patient sees nobody's data until staff link the claim to a patient; a doctor has no role until an admin approves.
    The account commits before the claim, which `change_me` makes again should it be lost in between. An e-mail address
    in use is answered as any other; a user name in use cannot be.
    Raises Invalid, AccountExists, OrganizationSuspended, RegistrationClosed where the organization admits them itself,
    TooManyRequests.
    """
    _must_be_somebody(person, now)
    if organization.suspended_at is not None:
        raise OrganizationSuspended
    policies = Policies.stored(organization.policies)
    if not (policies.patients_register if role is Role.PATIENT else policies.doctors_register):
        raise RegistrationClosed
    take("register.organization", organization.id, now)
    must_answer(CLINICAL)
    with atomic(ACCOUNTS):
        account = make_account(username=username, email=email, password=password, quiet=True, now=now)
        approved_at = now if role is Role.PATIENT else None
        membership = Membership(
            account=account,
            organization=organization,
            roles=[role.value],
            approved_at=approved_at,
            authz_changed_at=now,
            recorded_at=now,
            updated_at=now,
        )
        membership.save(force_insert=True)
        caller = replace(by, account_id=account.id, organization_id=organization.id, membership_id=membership.id)
        enqueue_from_accounts(tasks.send_address_code, account_id=account.id)
        record_platform(caller, "account.registered", resource="accounts", resource_id=account.id)
    _claim(caller, membership, person)
    return membership


def change_me(
    *,
    by: Caller,
    email: str | None = None,
    password: str | None = None,
    locale: str | None = None,
    person: Person | None = None,
    now: datetime,
) -> None:
    """Change one's own address or locale, and say anew who one is as long as nobody has confirmed it.

    Another address needs the password: it is where another password would be sent. The address until then is told, and
    one that is another account's is kept without a word (`make_account`). Raises Invalid, NotConfirmed, ClaimSettled.
    """
    by.scope("me", "update")
    account, membership = me(by)
    if person is not None:
        _must_be_somebody(person, now)
        if membership is None or membership.is_confirmed:
            raise ClaimSettled
        _claim(by, membership, person)
    if email is not None:
        _change_address(by, email, password, now)
    if locale is not None:
        with atomic(ACCOUNTS):
            Account.objects.filter(id=account.id).update(locale=locale)
            record_platform(by, "account.updated", resource="accounts", resource_id=account.id)


def _change_address(by: Caller, email: str, password: str | None, now: datetime) -> None:
    if password is None:
        raise invalid("is required with another address", "body", "password")
    with atomic(ACCOUNTS):
        account = confirmed_account(by, password)
        keep_former(account)
        set_email(account, email)
        _keep_quiet(account)
        with refusing(ACCOUNTS, **TAKEN):
            account.save(update_fields=["email", "email_index", "email_verified_at", "former_email"])
        enqueue_from_accounts(tasks.tell_address_changed, account_id=account.id)
        alarm(account.id, Alarm.EMAIL, about=account.id, now=now)
        enqueue_from_accounts(tasks.send_address_code, account_id=account.id)
        record_platform(by, "account.updated", resource="accounts", resource_id=account.id)


def _keep_quiet(account: Account) -> None:
    """Do not let the account be found by an address that is another's; `verify_address` may change that."""
    if Account.objects.filter(email_index=account.email_index).exclude(id=account.id).exists():
        account.email_index = None


def disable_account(*, by: Caller, account_id: UUID, now: datetime) -> None:
    """Nobody signs in with this account any more, and its sessions end. Raises NotFound."""
    with atomic(ACCOUNTS):
        _switch(by, account_id, active=False)
        end_families(now, account_id=account_id)


def enable_account(*, by: Caller, account_id: UUID, now: datetime) -> None:
    """The account may sign in again. Raises NotFound."""
    _switch(by, account_id, active=True)


def _switch(by: Caller, account_id: UUID, *, active: bool) -> None:
    by.scope("accounts", "update")
    with atomic(ACCOUNTS):
        account = Account.objects.select_for_update().filter(id=account_id).first()
        if account is None:
            raise NotFound
        account.is_active = active
        account.save(update_fields=["is_active"])
        action = "account.enabled" if active else "account.disabled"
        record_platform(by, action, resource="accounts", resource_id=account.id)


def _claim(by: Caller, membership: Membership, person: Person) -> None:
    kind = "doctor" if Role.DOCTOR in membership.roles else "patient"
    with inside(membership.organization_id):
        Hooks.make_claim(by, account_id=membership.account_id, membership_id=membership.id, kind=kind, person=person)


def _must_be_somebody(person: Person, now: datetime) -> None:
    if person.birth_date and not is_birth_date(person.birth_date, now.date()):
        raise invalid("must be a date of birth: 1980, 1980-05 or 1980-05-17", "body", "birth_date")
