"""The policy: one table decides, for every resource and action, how far each role reaches.

It guards operations and doors, is printed in the documentation and generates the access matrix that the tests walk.
What is not in the table is allowed to nobody.
"""

from chiron.identity.roles import OPERATOR, ROLES, SIGNED_IN, Role
from chiron.kernel.access import Caller, Scope

NONE, OWN, ASSIGNED, ALL = Scope.NONE, Scope.OWN, Scope.ASSIGNED, Scope.ORGANIZATION
ADMIN, DOCTOR, PATIENT, LAB = Role.ADMIN, Role.DOCTOR, Role.PATIENT, Role.LAB
DESK, BILLER, PRIVACY = Role.RECEPTIONIST, Role.BILLER, Role.PRIVACY_OFFICER

Row = dict[str, Scope]
MEMBERS: Row = dict.fromkeys(Role, OWN)
STAFF: Row = {ADMIN: ALL, DOCTOR: ALL, LAB: ALL, DESK: ALL, BILLER: ALL, PRIVACY: ALL}

TABLE: dict[tuple[str, str], Row] = {
    ("me", "read"): {SIGNED_IN: OWN},
    ("me", "update"): {SIGNED_IN: OWN},
    ("sessions", "read"): {SIGNED_IN: OWN},
    ("sessions", "delete"): {SIGNED_IN: OWN},
    ("mfa", "update"): {SIGNED_IN: OWN},
    ("password", "update"): {SIGNED_IN: OWN},
    ("notifications", "follow"): MEMBERS,
    ("users", "read"): {ADMIN: ALL},
    ("memberships", "read"): {ADMIN: ALL},
    ("memberships", "create"): {ADMIN: ALL},
    ("memberships", "update"): {ADMIN: ALL},
    ("memberships", "delete"): {ADMIN: ALL},
    ("memberships", "reset-mfa"): {ADMIN: ALL},
    ("deliveries", "read"): {ADMIN: ALL, PRIVACY: ALL},
    ("deliveries", "update"): {ADMIN: ALL},
    ("reminder-rules", "read"): STAFF,
    ("reminder-rules", "create"): {ADMIN: ALL},
    ("reminder-rules", "update"): {ADMIN: ALL},
    ("reminder-rules", "delete"): {ADMIN: ALL},
    ("reminders", "read"): {ADMIN: ALL, DESK: ALL},
    ("suppressions", "read"): {ADMIN: ALL, DESK: ALL},
    ("suppressions", "delete"): {ADMIN: ALL, DESK: ALL},
    ("organizations", "read"): {OPERATOR: ALL, ADMIN: OWN},
    ("organizations", "create"): {OPERATOR: ALL},
    ("organizations", "update"): {OPERATOR: ALL, ADMIN: OWN},
    ("organizations", "export"): {OPERATOR: ALL},
    ("organizations", "delete"): {OPERATOR: ALL},
    ("accounts", "update"): {OPERATOR: ALL},
    ("jobs", "update"): {OPERATOR: ALL},
    ("keys", "rotate"): {OPERATOR: ALL},
    ("backups", "create"): {OPERATOR: ALL},
    ("backups", "restore"): {OPERATOR: ALL},
    ("notifications", "read"): MEMBERS,
    ("notifications", "update"): MEMBERS,
    ("notification-preferences", "read"): MEMBERS,
    ("notification-preferences", "update"): MEMBERS,
    ("patients", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, BILLER: ALL, PATIENT: OWN},
    ("patients", "search"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, BILLER: ALL},
    ("patients", "create"): {ADMIN: ALL, DOCTOR: ALL, DESK: ALL},
    ("patients", "update"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, PATIENT: OWN},
    ("patients", "link"): {ADMIN: ALL, DESK: ALL},
    ("patients", "break-glass"): {DOCTOR: ALL},
    ("patients", "erase"): {ADMIN: ALL, PRIVACY: ALL},
    ("break-glass", "read"): {ADMIN: ALL, PRIVACY: ALL},
    ("break-glass", "acknowledge"): {ADMIN: ALL, PRIVACY: ALL},
    ("claims", "read"): {ADMIN: ALL, DESK: ALL},
    ("duplicates", "read"): {ADMIN: ALL, DESK: ALL},
    ("my-patients", "read"): {DOCTOR: ASSIGNED},
    ("assignments", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL},
    ("assignments", "create"): {ADMIN: ALL, DESK: ALL},
    ("assignments", "delete"): {ADMIN: ALL, DESK: ALL},
    ("providers", "read"): STAFF | {PATIENT: ALL},
    ("providers", "create"): {ADMIN: ALL},
    ("providers", "update"): {ADMIN: ALL},
    ("departments", "read"): STAFF | {PATIENT: ALL},
    ("departments", "create"): {ADMIN: ALL},
    ("departments", "update"): {ADMIN: ALL},
    ("departments", "delete"): {ADMIN: ALL},
    ("laboratories", "read"): STAFF | {LAB: ASSIGNED},
    ("laboratories", "create"): {ADMIN: ALL},
    ("laboratories", "update"): {ADMIN: ALL},
    ("laboratory-staff", "read"): {ADMIN: ALL},
    ("laboratory-staff", "create"): {ADMIN: ALL},
    ("laboratory-staff", "delete"): {ADMIN: ALL},
    ("records", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, PATIENT: OWN},
    ("records", "create"): {ADMIN: ALL, DOCTOR: ASSIGNED, PATIENT: OWN},
    ("records", "update"): {ADMIN: ALL, DOCTOR: ASSIGNED, PATIENT: OWN},
    ("records", "delete"): {ADMIN: ALL, DOCTOR: ASSIGNED},
    ("records", "sign"): {ADMIN: ALL, DOCTOR: ASSIGNED},
    ("reference-ranges", "read"): {ADMIN: ALL, DOCTOR: ALL, LAB: ALL},
    ("reference-ranges", "create"): {ADMIN: ALL, LAB: ALL},
    ("reference-ranges", "update"): {ADMIN: ALL, LAB: ALL},
    ("reference-ranges", "delete"): {ADMIN: ALL, LAB: ALL},
    ("specimens", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, LAB: ASSIGNED},
    ("specimens", "create"): {ADMIN: ALL, LAB: ASSIGNED},
    ("specimens", "update"): {ADMIN: ALL, LAB: ASSIGNED},
    ("laboratory-reports", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, LAB: ASSIGNED, PATIENT: OWN},
    ("laboratory-reports", "create"): {ADMIN: ALL, LAB: ASSIGNED},
    ("laboratory-reports", "update"): {ADMIN: ALL, LAB: ASSIGNED},
    ("laboratory-reports", "release"): {ADMIN: ALL, LAB: ASSIGNED},
    ("laboratory-reports", "amend"): {ADMIN: ALL, LAB: ASSIGNED},
    ("laboratory-reports", "withdraw"): {ADMIN: ALL, LAB: ASSIGNED},
    ("clearances", "read"): {ADMIN: ALL, PRIVACY: ALL},
    ("clearances", "update"): {ADMIN: ALL},
    ("annotations", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, PATIENT: OWN},
    ("annotations", "create"): {ADMIN: ALL, DOCTOR: ASSIGNED},
    ("attachments", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, PATIENT: OWN},
    ("attachments", "create"): {ADMIN: ALL, DOCTOR: ASSIGNED, PATIENT: OWN},
    ("attachments", "delete"): {ADMIN: ALL, DOCTOR: ASSIGNED},
    ("my-availability", "read"): {DOCTOR: OWN},
    ("my-availability", "update"): {DOCTOR: OWN},
    ("availability", "read"): STAFF | {PATIENT: ALL},
    ("availability", "update"): {ADMIN: ALL, DOCTOR: OWN, DESK: ALL},
    ("leave-titles", "read"): STAFF,
    ("holidays", "read"): STAFF | {PATIENT: ALL},
    ("holidays", "create"): {ADMIN: ALL, DESK: ALL},
    ("holidays", "update"): {ADMIN: ALL, DESK: ALL},
    ("holidays", "delete"): {ADMIN: ALL, DESK: ALL},
    ("appointment-types", "read"): STAFF | {PATIENT: ALL},
    ("appointment-types", "create"): {ADMIN: ALL, DESK: ALL},
    ("appointment-types", "update"): {ADMIN: ALL, DESK: ALL},
    ("rooms", "read"): STAFF | {PATIENT: ALL},
    ("rooms", "create"): {ADMIN: ALL, DESK: ALL},
    ("rooms", "update"): {ADMIN: ALL, DESK: ALL},
    ("my-feed", "create"): {DOCTOR: OWN, PATIENT: OWN},
    ("my-feed", "read"): {DOCTOR: OWN, PATIENT: OWN},
    ("my-feed", "delete"): {DOCTOR: OWN, PATIENT: OWN},
    ("appointments", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, PATIENT: OWN},
    ("appointments", "create"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, PATIENT: OWN},
    ("appointments", "cancel"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, PATIENT: OWN},
    ("appointments", "reschedule"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, PATIENT: OWN},
    ("appointments", "attend"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL},
    ("appointments", "approve"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL},
    ("waitlist", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, PATIENT: OWN},
    ("waitlist", "create"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, PATIENT: OWN},
    ("waitlist", "leave"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, PATIENT: OWN},
    ("waitlist", "prioritize"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL},
    ("appointments", "decide"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL},
    ("screenings", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, LAB: ASSIGNED, PATIENT: OWN},
    ("screenings", "create"): {ADMIN: ALL, DOCTOR: ASSIGNED, LAB: ASSIGNED},
    ("screenings", "decide"): {DOCTOR: ASSIGNED},
    ("screenings", "release"): {DOCTOR: ASSIGNED},
    ("screenings", "export"): {ADMIN: ALL, DOCTOR: ASSIGNED, LAB: ASSIGNED},
    ("screening-optouts", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, PRIVACY: ALL, PATIENT: OWN},
    ("screening-optouts", "update"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL, PRIVACY: ALL, PATIENT: OWN},
    ("screening-batches", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, LAB: ASSIGNED},
    ("screening-batches", "create"): {ADMIN: ALL, DOCTOR: ASSIGNED, LAB: ASSIGNED},
    ("screening-models", "read"): {ADMIN: ALL, DOCTOR: ALL, LAB: ALL, PRIVACY: ALL},
    ("screening-models", "update"): {ADMIN: ALL},
    ("screening-shadows", "read"): {ADMIN: ALL},
    ("screening-prevalence", "read"): {ADMIN: ALL, DOCTOR: ALL, LAB: ALL},
    ("screening-prevalence", "update"): {ADMIN: ALL},
    ("access-log", "read"): {ADMIN: ALL, PRIVACY: ALL, PATIENT: OWN},
    ("audit", "read"): {ADMIN: ALL, PRIVACY: ALL},
    ("audit", "export"): {ADMIN: ALL, PRIVACY: ALL},
    ("audit-proofs", "read"): {OPERATOR: ALL, ADMIN: ALL, PRIVACY: ALL},
    ("platform-audit", "read"): {OPERATOR: ALL},
    ("analytics", "read"): {ADMIN: ALL, DOCTOR: ASSIGNED, LAB: ASSIGNED},
    ("analytics", "export"): {ADMIN: ALL, DOCTOR: ASSIGNED, LAB: ASSIGNED},
    ("administration", "open"): {ADMIN: ALL, PRIVACY: ALL},
    ("desk", "open"): {ADMIN: ALL, DOCTOR: ASSIGNED, DESK: ALL},
}


def scope_of(caller: Caller, resource: str, action: str, /) -> Scope:
    """The widest scope that any of the caller's roles gives; NONE where none does.

    Roles of a membership that is not approved are absent from its callers, so only what everybody signed in may do
    remains for them.
    """
    row = TABLE.get((resource, action), {})
    return max((row.get(role, NONE) for role in _columns(caller)), default=NONE)


def permissions_of(caller: Caller) -> list[str]:
    """Everything that the caller may do, however narrow its scope: `patients.read`, in the table's order."""
    return [f"{resource}.{action}" for resource, action in TABLE if scope_of(caller, resource, action) is not NONE]


def _columns(caller: Caller) -> frozenset[str]:
    everybody = {SIGNED_IN} if caller.account_id is not None else set()
    return caller.roles.union(everybody, {OPERATOR} if caller.operator else ())


def as_markdown() -> str:
    """The table for the documentation."""
    columns = [*ROLES, OPERATOR, SIGNED_IN]
    lines = [["resource", "action", *columns], ["---"] * (len(columns) + 2)]
    for (resource, action), row in TABLE.items():
        reach = [row.get(column, NONE) for column in columns]
        lines.append([resource, action, *(scope.name.lower() if scope else "" for scope in reach)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
