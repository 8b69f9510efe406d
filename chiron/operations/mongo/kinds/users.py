"""Users of version 1 become accounts and members, with the password and the authenticator app that they had."""

from base64 import b32decode, b32encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from unicodedata import normalize
from uuid import UUID

from chiron.identity.public import EMAIL, USERNAME, AccountArrival, Role, admit_accounts, kept_hash, settled_accounts
from chiron.kernel.access import Caller
from chiron.operations.mongo.ids import id_of
from chiron.operations.mongo.plans import Context, Plan, Told
from chiron.operations.mongo.reading import Reader
from chiron.operations.mongo.reasons import Reason, Unfit

SECRET_BYTES, LEAST_BYTES = 20, 10
SetAside = list[tuple[str, Reason, str]]


class Users:
    """A name that nobody could sign in with is replaced by one made of the id, where there is an address instead."""

    name = "users"

    def plan(self, reader: Reader, context: Context, organization_id: UUID) -> Plan:
        account_id = id_of(context.database, self.name, reader.document["_id"])
        aside: SetAside = []
        username = reader.text("username", "Account.username", form=_plain, fits=USERNAME)
        email = reader.text("email", "Account.email", form=str.strip, fits=EMAIL)
        if not (username or email):
            raise Unfit(Reason.MISSING, f"/{reader.field('username')}")
        role = reader.choice("role", "Membership.roles", context.mapping.roles)
        if role is None:
            raise Unfit(Reason.MISSING, f"/{reader.field('role')}")
        arrival = AccountArrival(
            id=account_id,
            username=username or f"user-{account_id.hex}",
            email=email,
            email_verified=bool(email) and reader.flag("email_verified", "Account.email_verified", default=False),
            password=_password(reader, aside),
            totp_secret=_totp_secret(reader, aside),
            roles=(role,),
            active=reader.flag("active", "Account.is_active", default=True),
            last_login=reader.moment("last_login", "Account.last_login"),
            created_at=context.made_at(reader, "Account.created_at"),
        )
        names = [(f"/{reader.field('username')}", f"name {arrival.username.upper()}")]
        addresses = [(f"/{reader.field('email')}", f"address {email.casefold()}")] if email else []
        return Plan(
            organization_id=organization_id, arrival=arrival, told=_told(arrival), claims=names + addresses,
            set_aside=aside,
        )  # fmt: skip

    def admit(self, by: Caller, plans: Sequence[Plan], now: datetime) -> set[UUID]:
        return admit_accounts(by=by, arrivals=[plan.arrival for plan in plans], now=now)

    def settled(self, organization_id: UUID, plans: Sequence[Plan]) -> dict[UUID, tuple[Told, bool]]:
        found = settled_accounts(organization_id, [plan.id for plan in plans])
        said = {plan.id: plan.arrival.roles for plan in plans}
        return {
            account_id: (_told(replace(arrival, roles=_own(arrival.roles, said[account_id]))), changed)
            for account_id, (arrival, _, changed) in found.items()
        }


def _own(roles: tuple[str, ...], said: tuple[str, ...]) -> tuple[str, ...]:
    """The roles without that of a patient, which a member of the staff who is a patient, too, has been given."""
    return tuple(role for role in roles if role in said or role != Role.PATIENT)


def _plain(name: str) -> str:
    return normalize("NFKC", name)


def _password(reader: Reader, aside: SetAside) -> str | None:
    pointer, stored = reader.secret("password")
    kept = kept_hash(stored)
    if kept is not None:
        reader.take(pointer, "Account.password", kept)
    elif stored:
        aside.append((pointer, Reason.PASSWORD, stored))
    return kept


def _totp_secret(reader: Reader, aside: SetAside) -> str | None:
    """An app's secret counts where it was confirmed; a code of it is asked for from the first sign-in on."""
    pointer, secret = reader.secret("totp_secret")
    if not secret:
        return None
    usable = _lengthened(secret) if reader.flag("totp_confirmed", "", default=True) else None
    if usable is None:
        aside.append((pointer, Reason.FACTOR, secret))
    else:
        reader.take(pointer, "SecondFactor.secret", usable)
    return usable


def _lengthened(secret: str) -> str | None:
    """A secret that gives the same codes and is as long as ours; None where it is not base32, or too short to count.

    HMAC fills a key with zeros up to its block (RFC 2104), so zeros at its end change no code. Older libraries made
    secrets of 80 bits, which today's refuse.
    """
    try:
        key = b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    except ValueError:
        return None
    return b32encode(key.ljust(SECRET_BYTES, b"\0")).decode() if len(key) >= LEAST_BYTES else None


def _told(said: AccountArrival) -> Told:
    told = {
        "Account.username": said.username,
        "Account.email": said.email,
        "Account.email_verified": str(said.email_verified) if said.email else "",
        "Account.password": said.password or "",
        "SecondFactor.secret": said.totp_secret or "",
        "Membership.roles": ",".join(said.roles),
        "Account.is_active": str(said.active),
        "Account.last_login": said.last_login.isoformat() if said.last_login else "",
        "Account.created_at": said.created_at.isoformat(),
    }
    return {location: text for location, text in told.items() if text}
