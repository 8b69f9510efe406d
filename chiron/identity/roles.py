"""The eight roles of a membership."""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    """What somebody is in one organization; a membership holds a set of them."""

    ADMIN = "ADMIN"
    DOCTOR = "DOCTOR"
    PATIENT = "PATIENT"
    LAB = "LAB"
    RECEPTIONIST = "RECEPTIONIST"
    BILLER = "BILLER"
    PRIVACY_OFFICER = "PRIVACY_OFFICER"
    RESEARCHER = "RESEARCHER"


ROLES = [role.value for role in Role]

OPERATOR = "OPERATOR"
"""The platform operator's column in the policy; no membership has it."""

SIGNED_IN = "SIGNED_IN"
"""The policy's column for everybody who is signed in, members without a role included; no membership has it."""


def in_order(roles: Iterable[str]) -> list[str]:
    """A set of roles in the one order in which they are stored and shown."""
    held = set(roles)
    return [role for role in ROLES if role in held]
