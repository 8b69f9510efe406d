import pytest

from chiron.identity.policy import TABLE, as_markdown, scope_of
from chiron.identity.roles import OPERATOR, ROLES, SIGNED_IN, Role
from chiron.kernel.access import Caller, Scope
from chiron.kernel.ids import new_id

CLINICAL = {"patients", "records", "annotations", "my-patients", "assignments", "access-log", "appointments"}


def a(*roles: Role) -> Caller:
    return Caller(account_id=new_id(), organization_id=new_id(), roles=frozenset(roles))


def test_every_line_names_known_columns_and_gives_somebody_something() -> None:
    known = {*ROLES, OPERATOR, SIGNED_IN}

    for line, row in TABLE.items():
        assert row, line
        assert set(row) <= known, line
        assert Scope.NONE not in row.values(), line


def test_the_admin_reaches_everything_of_the_organization_and_nothing_of_the_platform() -> None:
    own = {Scope.OWN}
    everything = {line for line, row in TABLE.items() if set(row.values()) != own and OPERATOR not in row}

    reached = {line for line in TABLE if scope_of(a(Role.ADMIN), *line) is Scope.ORGANIZATION}

    own_hours = {("my-availability", "read"), ("my-availability", "update")}
    own_feed = {("my-feed", action) for action in ("create", "read", "delete")}
    to_treat = {("screenings", "decide"), ("screenings", "release")}
    without_need = {("my-patients", "read"), ("patients", "break-glass")} | own_hours | own_feed | to_treat
    each_of_their_own = {("audit-proofs", "read")}
    assert reached == everything - without_need | each_of_their_own


def test_the_operator_sees_nothing_clinical() -> None:
    operator = Caller(account_id=new_id(), operator=True)

    reached = {resource for resource, action in TABLE if scope_of(operator, resource, action)}

    assert reached == {
        "me", "mfa", "password", "sessions", "organizations", "accounts", "jobs", "keys", "platform-audit",
        "audit-proofs", "backups",
    }  # fmt: skip
    assert not reached & CLINICAL


@pytest.mark.parametrize("role", [Role.LAB, Role.RESEARCHER])
def test_who_has_no_part_in_care_sees_no_patient(role: Role) -> None:
    assert not {line for line in TABLE if line[0] in CLINICAL and scope_of(a(role), *line)}


@pytest.mark.parametrize(
    ("role", "resource", "action", "scope"),
    [
        (Role.DOCTOR, "patients", "read", Scope.ASSIGNED),
        (Role.DOCTOR, "records", "create", Scope.ASSIGNED),
        (Role.DOCTOR, "patients", "create", Scope.ORGANIZATION),
        (Role.DOCTOR, "audit", "read", Scope.NONE),
        (Role.PATIENT, "records", "read", Scope.OWN),
        (Role.PATIENT, "access-log", "read", Scope.OWN),
        (Role.PATIENT, "patients", "search", Scope.NONE),
        (Role.RECEPTIONIST, "patients", "link", Scope.ORGANIZATION),
        (Role.RECEPTIONIST, "records", "read", Scope.NONE),
        (Role.RECEPTIONIST, "appointments", "create", Scope.ORGANIZATION),
        (Role.PATIENT, "appointments", "create", Scope.OWN),
        (Role.PATIENT, "appointments", "attend", Scope.NONE),
        (Role.BILLER, "patients", "read", Scope.ORGANIZATION),
        (Role.BILLER, "records", "read", Scope.NONE),
        (Role.PRIVACY_OFFICER, "audit", "read", Scope.ORGANIZATION),
        (Role.PRIVACY_OFFICER, "patients", "read", Scope.NONE),
    ],
)
def test_each_role_reaches_as_far_as_its_work(role: Role, resource: str, action: str, scope: Scope) -> None:
    assert scope_of(a(role), resource, action) is scope


def test_several_roles_reach_as_far_as_the_widest() -> None:
    assert scope_of(a(Role.PATIENT, Role.DOCTOR), "records", "read") is Scope.ASSIGNED
    assert scope_of(a(Role.PATIENT, Role.ADMIN), "records", "read") is Scope.ORGANIZATION


def test_a_member_without_a_role_reaches_only_themselves() -> None:
    reached = {line for line in TABLE if scope_of(a(), *line)}

    assert {resource for resource, _ in reached} == {"me", "mfa", "password", "sessions"}


def test_a_visitor_reaches_nothing() -> None:
    assert not {line for line in TABLE if scope_of(Caller(), *line)}


def test_what_is_not_in_the_table_is_allowed_to_nobody() -> None:
    assert scope_of(a(*Role), "patients", "juggle") is Scope.NONE
    assert scope_of(a(*Role), "unheard-of", "read") is Scope.NONE


def test_the_table_is_printed_line_by_line() -> None:
    head, rule, *lines = as_markdown().splitlines()

    assert head == f"| resource | action | {' | '.join(ROLES)} | OPERATOR | SIGNED_IN |"
    assert set(rule) <= set("| -")
    assert len(lines) == len(TABLE)
    assert "| records | read | organization | assigned | own |  |  |  |  |  |  |  |" in lines
