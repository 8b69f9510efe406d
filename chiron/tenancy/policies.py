"""What an organization decides for itself, with what holds until it does."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Policies:
    """The decisions of one organization.

    ``patients_register`` and ``doctors_register``: may people make their own account here? ``break_glass_minutes``:
    how long a broken glass stays open.
    """

    patients_register: bool = True
    doctors_register: bool = True
    break_glass_minutes: int = 60

    @classmethod
    def stored(cls, kept: dict[str, Any]) -> Self:
        """The decisions kept, and the defaults for all others; what a newer version kept is passed over."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in kept.items() if name in known})

    def as_stored(self) -> dict[str, Any]:
        """What to keep."""
        return asdict(self)
