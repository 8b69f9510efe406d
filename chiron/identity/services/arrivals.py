"""Arrivals: accounts of an older system, many at once, under ids that it decides, with the passwords they had."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models.functions import Upper

from chiron.audit.public import record_platform
from chiron.identity.email import email_index, email_of, set_email
from chiron.identity.models import Account, Membership, SecondFactor, Session
from chiron.identity.roles import in_order
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.errors import NotPermitted
from chiron.vault.public import platform_safe


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountArrival:
    """An account and its membership of one organization. ``password`` is a hash; without one there is none to sign in
    with, until it is reset. ``totp_secret`` is an authenticator app's, in base32.
    """

    id: UUID
    username: str
    email: str = ""
    email_verified: bool = False
    password: str | None = None
    totp_secret: str | None = None
    roles: tuple[str, ...] = ()
    active: bool = True
    last_login: datetime | None = None
    created_at: datetime


def admit_accounts(*, by: Caller, arrivals: Sequence[AccountArrival], now: datetime) -> set[UUID]:
    """New accounts, members of the caller's organization. Gives those refused: their name or address is another's.

    Who is here already, by id, is left alone. Raises AccountExists where another takes a name meanwhile.
    """
    by.scope("memberships", "create")
    if by.organization_id is None:
        raise NotPermitted
    with atomic(ACCOUNTS):
        here = set(Account.objects.filter(id__in=[each.id for each in arrivals]).values_list("id", flat=True))
        newcomers = [each for each in arrivals if each.id not in here]
        refused = _taken(newcomers)
        admitted = [each for each in newcomers if each.id not in refused]
        accounts = [_account(each, now) for each in admitted]
        Account.objects.bulk_create(accounts)
        memberships = [_membership(each, by.organization_id, now) for each in admitted]
        Membership.objects.bulk_create(memberships)
        SecondFactor.objects.bulk_create(_factor(each, now) for each in admitted if each.totp_secret)
        for membership in memberships:
            payload = {"roles": membership.roles}
            record_platform(
                by, "membership.created", resource="memberships", resource_id=membership.id, payload=payload
            )
    return refused


def settled_accounts(
    organization_id: UUID, ids: Collection[UUID]
) -> dict[UUID, tuple[AccountArrival, Membership, bool]]:
    """Those of these accounts who stand, with what they are there, and whether they have signed in since."""
    signed_in = set(Session.objects.filter(account_id__in=ids).values_list("account_id", flat=True))
    factors = {each.account_id: each for each in SecondFactor.objects.filter(account_id__in=ids)}
    members = Membership.objects.filter(organization_id=organization_id, account_id__in=ids).select_related("account")
    return {each.account_id: (_settled(each, factors), each, each.account_id in signed_in) for each in members}


def _settled(member: Membership, factors: dict[UUID, SecondFactor]) -> AccountArrival:
    account, factor = member.account, factors.get(member.account_id)
    return AccountArrival(
        id=account.id,
        username=account.username,
        email=email_of(account) or "",
        email_verified=account.email_verified_at is not None,
        password=account.password if account.has_usable_password() else None,
        totp_secret=platform_safe().open(factor, "secret") if factor else None,
        roles=tuple(member.roles),
        active=account.is_active,
        last_login=account.last_login,
        created_at=account.created_at,
    )


def _taken(arrivals: Sequence[AccountArrival]) -> set[UUID]:
    names = {each.id: Account.normalize_username(each.username).upper() for each in arrivals}
    addresses = {each.id: email_index(each.email) for each in arrivals if each.email}
    alike = Account.objects.annotate(upper=Upper("username")).filter(upper__in=names.values())
    reached = Account.objects.filter(email_index__in=addresses.values())
    held: set[object] = set(alike.values_list("upper", flat=True))
    held |= {bytes(index or b"") for index in reached.values_list("email_index", flat=True)}
    refused = set()
    for each in arrivals:
        own = {names[each.id], *([addresses[each.id]] if each.email else [])}
        if held.isdisjoint(own):
            held |= own
        else:
            refused.add(each.id)
    return refused


def _account(each: AccountArrival, now: datetime) -> Account:
    account = Account(
        id=each.id,
        username=Account.normalize_username(each.username),
        is_active=each.active,
        last_login=each.last_login,
        created_at=each.created_at,
    )
    set_email(account, each.email)
    account.email_verified_at = now if each.email and each.email_verified else None
    if each.password:
        account.password = each.password
    else:
        account.set_unusable_password()
    return account


def _membership(each: AccountArrival, organization_id: UUID, now: datetime) -> Membership:
    return Membership(
        account_id=each.id, organization_id=organization_id, roles=in_order(each.roles), approved_at=now,
        authz_changed_at=now, recorded_at=each.created_at, updated_at=now,
    )  # fmt: skip


def _factor(each: AccountArrival, now: datetime) -> SecondFactor:
    factor = SecondFactor(account_id=each.id, created_at=now, confirmed_at=now)
    factor.secret = platform_safe().seal(factor, "secret", each.totp_secret)
    return factor
