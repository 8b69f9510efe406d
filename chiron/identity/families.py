"""Refresh token families: each token works once, and its reuse ends the session.

A token is the family's id, a counter and an HMAC under the server's key and the family's sealed seed: nothing of it is
stored, and its successor is computed, so that concurrent callers with one token receive the same one. One row lock is
shared by refreshing and by everything that ends sessions.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from os import urandom
from struct import Struct
from uuid import UUID

from django.conf import settings

from chiron.audit.public import record_platform
from chiron.identity import tasks
from chiron.identity.alarms import Alarm, alarm
from chiron.identity.errors import OrganizationSuspended, RefreshRefused
from chiron.identity.models import Account, Session
from chiron.identity.revocations import take_effect_at_commit
from chiron.identity.rules import SESSION_LIFETIME, Verdict, judge
from chiron.jobs.public import enqueue_from_accounts
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.ids import NIL, new_id
from chiron.vault.public import platform_safe

BODY = Struct(">16sQ")
MAC_BYTES = 32


def start_family(
    *, by: Caller, account: Account, organization_id: UUID | None, mfa_at: datetime | None = None, now: datetime
) -> Session:
    """A new session for an account that has just proved who it is; `by` tells from where."""
    session = Session(
        id=new_id(),
        account=account,
        organization_id=organization_id,
        created_at=now,
        last_used_at=now,
        expires_at=now + SESSION_LIFETIME,
        mfa_at=mfa_at,
    )
    safe = platform_safe()
    session.seed = safe.seal(session, "seed", urandom(32).hex())
    session.origin = safe.seal(session, "origin", {"address": by.address, "device": by.device})
    session.save(force_insert=True)
    return session


def refresh_token_of(session: Session) -> str:
    """The token that the family honours next."""
    body = BODY.pack(session.id.bytes, session.counter)
    mac = _mac(session, body, settings.JWT_REFRESH_SECRET_KEY)
    return base64.urlsafe_b64encode(body + mac).rstrip(b"=").decode()


def take_turn(*, by: Caller, token: str, now: datetime) -> Session:
    """The session of a refresh token, moved on to its successor; a moment later, the same once more.

    Raises RefreshRefused for whatever else is presented, OrganizationSuspended. A reuse has ended the session, and that
    is committed, before it is refused.
    """
    presented = Presented.read(token)
    with atomic(ACCOUNTS):
        session = _locked(presented)
        verdict = judge(
            presented=presented.counter,
            current=session.counter,
            rotated_at=session.rotated_at,
            ended=session.revoked_at is not None or session.expires_at <= now or not session.account.is_active,
            now=now,
        )
        if verdict is Verdict.ROTATE:
            session.counter, session.rotated_at, session.last_used_at = session.counter + 1, now, now
            session.save(update_fields=["counter", "rotated_at", "last_used_at"])
        if verdict is Verdict.REUSED:
            whose = replace(
                by, account_id=session.account_id, organization_id=session.organization_id, session_id=session.id
            )
            _end([session.id], now)
            enqueue_from_accounts(tasks.tell_session_stolen, account_id=session.account_id)
            alarm(session.account_id, Alarm.SESSIONS, about=session.id, now=now)
            record_platform(whose, "session.reused", resource="sessions", resource_id=session.id, outcome="denied")
    if verdict in (Verdict.ROTATE, Verdict.REPEAT):
        return session
    raise RefreshRefused


def end_families(now: datetime, *, besides: UUID | None = None, **which: object) -> list[UUID]:
    """End the sessions that fit and still stand; refused here from the commit on, elsewhere within a second.

    The session named by `besides` stays.
    """
    with atomic(ACCOUNTS):
        standing = Session.objects.select_for_update().filter(revoked_at=None, **which).order_by("id")
        standing = standing.exclude(id=besides or NIL)
        ids = [session.id for session in standing.only("id")]
        _end(ids, now)
    return ids


@dataclass(frozen=True, slots=True)
class Presented:
    """A refresh token taken apart; nothing in it is believed yet."""

    body: bytes
    mac: bytes
    session_id: UUID
    counter: int

    @classmethod
    def read(cls, token: str) -> "Presented":
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise RefreshRefused from None
        if len(raw) != BODY.size + MAC_BYTES:
            raise RefreshRefused
        session_id, counter = BODY.unpack(raw[: BODY.size])
        return cls(raw[: BODY.size], raw[BODY.size :], UUID(bytes=session_id), counter)


def _locked(presented: Presented) -> Session:
    sessions = Session.objects.select_for_update(of=("self",)).select_related("account", "organization")
    session = sessions.filter(id=presented.session_id).first()
    if session is None or not _is_ours(session, presented):
        raise RefreshRefused
    if session.organization is not None and session.organization.suspended_at is not None:
        raise OrganizationSuspended
    return session


def _end(ids: Iterable[UUID], now: datetime) -> None:
    Session.objects.filter(id__in=ids).update(revoked_at=now)
    take_effect_at_commit()


def _is_ours(session: Session, presented: Presented) -> bool:
    """Whether we made this token, with the secret of now or one that is still accepted."""
    secrets = [settings.JWT_REFRESH_SECRET_KEY, *settings.JWT_ACCEPTED_REFRESH_KEYS]
    return any(hmac.compare_digest(_mac(session, presented.body, secret), presented.mac) for secret in secrets)


def _mac(session: Session, body: bytes, secret: str) -> bytes:
    seed = bytes.fromhex(platform_safe().open(session, "seed"))
    key = hmac.digest(secret.encode(), b"chiron refresh token" + seed, "sha256")
    return hmac.digest(key, body, "sha256")
