"""Refresh token families: each token works once, its reuse ends the session.

One row lock is shared by refresh, logout, revocation and disabling. The successor of a token is computed, not stored, so
concurrent callers with the same token receive the same one. The parent of the current token is honoured for ten seconds
(its answer may have been lost); any other old token is taken for theft and ends the family (RFC 9700, section 4.14).
"""

import base64
import hashlib
import hmac
import secrets
import struct
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from chiron.audit.public import record_platform
from chiron.identity.errors import RefreshRefused
from chiron.identity.models import Account, Membership, Session
from chiron.identity.revocations import take_effect
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.vault.public import platform_safe

LIFETIME = timedelta(days=14)
GRACE = timedelta(seconds=10)
FORM = struct.Struct(">16sI")


def open_session(account: Account, membership: Membership | None, by: Caller, now: datetime) -> Session:
    """A new family for an account that has just proved who it is."""
    session = Session(account=account, membership=membership, expires_at=now + LIFETIME, created_at=now, last_used_at=now)
    safe = platform_safe()
    session.seed = safe.seal(session, "seed", secrets.token_hex(32))
    session.place = safe.seal(session, "place", {"address": by.address, "device": by.device})
    session.save(force_insert=True)
    return session


def token_of(session: Session) -> str:
    """The family's current refresh token: its id and counter, authenticated by the server's key and the family's seed."""
    body = FORM.pack(session.id.bytes, session.counter)
    return base64.urlsafe_b64encode(body + _mac(session, body)).rstrip(b"=").decode()


def rotate(token: str, now: datetime) -> Session:
    """Turn a refresh token into its successor's family state. Raises RefreshRefused, a revocation already committed."""
    body, mac = _parts(token)
    session_id, counter = FORM.unpack(body)
    with atomic(ACCOUNTS):
        session = (
            Session.objects.select_for_update(of=("self",))
            .select_related("account", "membership__organization")
            .filter(id=UUID(bytes=session_id))
            .first()
        )
        if session is None or not hmac.compare_digest(_mac(session, body), mac):
            raise RefreshRefused
        usable = session.revoked_at is None and session.expires_at > now and session.account.is_active
        if usable and counter == session.counter:
            session.counter, session.rotated_at, session.last_used_at = counter + 1, now, now
            session.save(update_fields=["counter", "rotated_at", "last_used_at"])
            return session
        parent = counter == session.counter - 1 and session.rotated_at and now - session.rotated_at <= GRACE
        if usable and parent:
            return session
        if session.revoked_at is None:
            session.revoked_at = now
            session.save(update_fields=["revoked_at"])
            take_effect()
            record_platform(_owner(session), "session.reuse-refused", resource="sessions", resource_id=session.id)
    raise RefreshRefused


def end_sessions(now: datetime, **which: object) -> int:
    """Revoke the live sessions that fit, under the same row locks; how many there were."""
    with atomic(ACCOUNTS):
        live = Session.objects.select_for_update().filter(revoked_at=None, **which).order_by("id")
        count = Session.objects.filter(id__in=[each.id for each in live]).update(revoked_at=now)
        take_effect()
    return count


def _owner(session: Session) -> Caller:
    organization_id = session.membership.organization_id if session.membership else None
    return Caller(account_id=session.account_id, organization_id=organization_id, session_id=session.id)


def _parts(token: str) -> tuple[bytes, bytes]:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise RefreshRefused from None
    if len(raw) != FORM.size + 32:
        raise RefreshRefused
    return raw[: FORM.size], raw[FORM.size :]


def _mac(session: Session, body: bytes) -> bytes:
    seed = str(platform_safe().open(session, "seed"))
    key = hmac.digest(settings.JWT_REFRESH_SECRET_KEY.encode(), bytes.fromhex(seed), hashlib.sha256)
    return hmac.digest(key, body, hashlib.sha256)
