"""The eight roles of a membership."""

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


OPERATOR = "OPERATOR"
"""The platform operator's column in the policy table; no membership has it."""

ROLES = [role.value for role in Role]
