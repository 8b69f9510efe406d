"""What may be said and done, without a database."""

import re
from datetime import date, datetime, timedelta
from enum import Enum

ACCESS_LIFETIME = timedelta(minutes=5)
SESSION_LIFETIME = timedelta(days=14)
GRACE = timedelta(seconds=10)
FRESH = timedelta(minutes=5)
RESET_HOLDS = timedelta(days=1)

USERNAME = r"^[\w.+-]{2,100}$"
EMAIL = r"^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$"
HOST_PART = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
DOMAIN = rf"^{HOST_PART}(\.{HOST_PART})*$"
BIRTH_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


class Verdict(Enum):
    """What becomes of a refresh token that is truly ours."""

    ROTATE = "the current one: give its successor, for the first time"
    REPEAT = "its parent, a moment after: the answer may have been lost, give the same successor again"
    ENDED = "the session is over"
    REUSED = "an older one: two hold the same family, so end it"


def judge(*, presented: int, current: int, rotated_at: datetime | None, ended: bool, now: datetime) -> Verdict:
    """What a token with this counter deserves while its family stands at `current` (RFC 9700, section 4.14.2)."""
    if ended:
        return Verdict.ENDED
    if presented == current:
        return Verdict.ROTATE
    if presented == current - 1 and rotated_at is not None and now - rotated_at <= GRACE:
        return Verdict.REPEAT
    return Verdict.REUSED


def is_fresh(mfa_at: datetime | None, now: datetime) -> bool:
    """Whether a second factor was shown at most five minutes ago."""
    return mfa_at is not None and now - mfa_at <= FRESH


def is_birth_date(text: str, today: date) -> bool:
    """Whether this is a year, a month or a day on which somebody alive can have been born: `1980`, `1980-05`."""
    parts = BIRTH_DATE.fullmatch(text)
    if parts is None:
        return False
    try:
        earliest = date(int(parts[1]), int(parts[2] or 1), int(parts[3] or 1))
    except ValueError:
        return False
    return date(today.year - 150, 1, 1) <= earliest <= today
