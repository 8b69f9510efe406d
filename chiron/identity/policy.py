"""The policy: one table decides, for every resource and action, how far each role reaches.

It guards operations and doors, answers ``/auth/authorize``, is printed in the documentation and generates the access
matrix that the tests walk. What is not in the table is allowed to nobody.
"""

from chiron.identity.roles import OPERATOR, ROLES, Role
from chiron.kernel.access import Caller, Scope

NONE, OWN, ASSIGNED, ALL = Scope.NONE, Scope.OWN, Scope.ASSIGNED, Scope.ORGANIZATION
ADMIN, DOCTOR, PATIENT, LAB = Role.ADMIN, Role.DOCTOR, Role.PATIENT, Role.LAB
DESK, BILLER, PRIVACY = Role.RECEPTIONIST, Role.BILLER, Role.PRIVACY_OFFICER

EVERYONE: dict[str, Scope] = dict.fromkeys([*ROLES, OPERATOR], OWN)
STAFF: dict[str, Scope] = dict.fromkeys([ADMIN, DOCTOR, LAB, DESK, BILLER, PRIVACY], ALL)

TABLE: dict[tuple[str, str], dict[str, Scope]] = {
    ("account", "read"): EVERYONE,
    ("account", "update"): EVERYONE,
    ("sessions", "read"): EVERYONE,
    ("sessions", "delete"): EVERYONE,
    ("users", "read"): {ADMIN: ALL},
    ("memberships", "read"): {ADMIN: ALL},
    ("memberships", "create"): {ADMIN: ALL},
    ("memberships", "update"): {ADMIN: ALL},
    ("memberships", "delete"): {ADMIN: ALL},
    ("organizations", "read"): {OPERATOR: ALL},
    ("organizations", "create"): {OPERATOR: ALL},
    ("organizations", "update"): {OPERATOR: ALL},
    ("patients", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, BILLER: ALL, PATIENT: OWN},
    ("patients", "search"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, BILLER: ALL},
    ("patients", "create"): {ADMIN: ALL, DOCTOR: ALL, DESK: ALL},
    ("patients", "update"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, PATIENT: OWN},
    ("patients", "link"): {ADMIN: ALL, DESK: ALL},
    ("claims", "read"): {ADMIN: ALL, DESK: ALL},
    ("assignments", "create"): {ADMIN: ALL, DESK: ALL},
    ("assignments", "delete"): {ADMIN: ALL, DESK: ALL},
    ("my-patients", "read"): {DOCTOR: ASSIGNED},
    ("access-log", "read"): {ADMIN: ALL, PRIVACY: ALL, PATIENT: OWN},
    ("providers", "read"): STAFF | {PATIENT: ALL},
    ("providers", "create"): {ADMIN: ALL},
    ("providers", "update"): {ADMIN: ALL},
    ("departments", "read"): STAFF | {PATIENT: ALL},
    ("departments", "create"): {ADMIN: ALL},
    ("departments", "update"): {ADMIN: ALL},
    ("laboratories", "read"): STAFF,
    ("laboratories", "create"): {ADMIN: ALL},
    ("laboratories", "update"): {ADMIN: ALL},
    ("records", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, PATIENT: OWN},
    ("records", "create"): {ADMIN: ALL, DOCTOR: ASSIGNED, PATIENT: OWN},
    ("records", "update"): {ADMIN: ALL, DOCTOR: ASSIGNED, PATIENT: OWN},
    ("records", "delete"): {ADMIN: ALL, DOCTOR: ASSIGNED},
    ("annotations", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, PATIENT: OWN},
    ("annotations", "create"): {ADMIN: ALL, DOCTOR: ASSIGNED},
    ("audit", "read"): {ADMIN: ALL, PRIVACY: ALL},
}


def decide(caller: Caller, resource: str, action: str, /) -> Scope:
    """The widest scope that any of the caller's roles gives; NONE where none does.

    A doctor who is not approved yet has a membership without roles: only what everyone signed in may do remains.
    """
    row = TABLE.get((resource, action), {})
    if row is EVERYONE and caller.account_id is not None:
        return OWN
    roles = caller.roles | ({OPERATOR} if caller.operator else frozenset())
    return max((row.get(role, NONE) for role in roles), default=NONE)


def as_markdown() -> str:
    """The table for the documentation."""
    columns = [*ROLES, OPERATOR]
    head = ["| resource | action | " + " | ".join(columns) + " |", "|---|---|" + "---|" * len(columns)]
    rows = [
        f"| {resource} | {action} | " + " | ".join(row.get(each, NONE).name.lower() for each in columns) + " |"
        for (resource, action), row in TABLE.items()
    ]
    return "\n".join([*head, *rows]) + "\n"
