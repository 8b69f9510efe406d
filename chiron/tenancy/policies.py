"""What an organization decides for itself, with what holds until it does."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, time
from typing import Any, Self
from zoneinfo import ZoneInfo

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Policies:
    """The decisions of one organization.

    ``patients_register`` and ``doctors_register``: may people make their own account here? ``break_glass_minutes``:
    how long a broken glass stays open. ``mfa_required_roles``: who needs a second factor, from the first moment of the
    day ``mfa_from`` on, or at once. ``exports_step_up``: does who exports patients' data show it again?
    """

    patients_register: bool = True
    doctors_register: bool = True
    break_glass_minutes: int = 60
    mfa_required_roles: tuple[str, ...] = ()
    mfa_from: date | None = None
    exports_step_up: bool = False

    @classmethod
    def stored(cls, kept: dict[str, Any]) -> Self:
        """The decisions kept, and the defaults for all others; what a newer version kept is passed over."""
        known = {field.name for field in fields(cls)}
        said = {name: value for name, value in kept.items() if name in known}
        if said.get("mfa_from"):
            said["mfa_from"] = date.fromisoformat(said["mfa_from"])
        return cls(**said | {"mfa_required_roles": tuple(said.get("mfa_required_roles", ()))})

    def as_stored(self) -> dict[str, Any]:
        """What to keep."""
        roles = [str(role) for role in self.mfa_required_roles]
        return asdict(self) | {"mfa_required_roles": roles, "mfa_from": self.mfa_from and self.mfa_from.isoformat()}

    def mfa_due(self, roles: Iterable[str], time_zone: str) -> datetime | None:
        """From when on somebody with these roles needs a second factor; None where they need none."""
        if not set(self.mfa_required_roles).intersection(roles):
            return None
        if self.mfa_from is None or self.mfa_from <= ALWAYS.date():  # tokens know no instant before the year 1 in UTC
            return ALWAYS
        return datetime.combine(self.mfa_from, time(), ZoneInfo(time_zone))
