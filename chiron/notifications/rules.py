"""When the night of an account ends: pure wall-clock arithmetic."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def after_quiet_hours(now: datetime, begin: time, end: time, time_zone: str) -> datetime:
    """The instant from which an account may be disturbed: `now`, or the end of the quiet hours in which it lies.

    Quiet hours last from wall time `begin` up to, and without, wall time `end`; where `end` is earlier, over midnight.
    A wall time that a clock change leaves out is that much later (PEP 495); of one that comes twice, quiet hours end at
    the second.
    """
    zone = ZoneInfo(time_zone)
    here = now.astimezone(zone)
    wall = here.time()
    is_quiet = begin <= wall < end if begin < end else wall >= begin or wall < end
    if not is_quiet:
        return now
    day = here.date() if wall < end else here.date() + timedelta(days=1)
    ends = datetime.combine(day, end, zone)
    return max(ends.astimezone(UTC), ends.replace(fold=1).astimezone(UTC))
