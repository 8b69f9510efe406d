"""Those who treat, where they work (PRV-01), and the places themselves."""

from typing import Any

import pytest

from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.registry.models import Department, Laboratory, Provider, ProviderDepartment
from chiron.registry.tests.factories import call, ids, last_event, problem
from chiron.tenancy.public import inside
from tests.town import Clinic

NURSE = {"family": "Adjei", "given": ["Abena"], "role": "nurse", "specialty": "wounds"}


def made(clinic: Clinic, path: str, body: Any) -> Any:
    answer = call(clinic.client(Role.ADMIN), "post", path, body)
    assert answer.status_code == 201, answer.content
    return next(iter(answer.json().values()))


def test_a_provider_is_added_read_and_said_anew(hilltop: Clinic) -> None:
    admin = hilltop.client(Role.ADMIN)

    nurse = made(hilltop, "/providers", NURSE)
    changed = call(admin, "put", f"/providers/{nurse['id']}", NURSE | {"active": False}, **{"if-match": '"1"'})
    stale = call(admin, "put", f"/providers/{nurse['id']}", NURSE, **{"if-match": '"1"'})

    assert (nurse["role"], nurse["specialty"], nurse["active"]) == ("nurse", "wounds", True)
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert problem(stale) == (412, "stale-version")
    read = call(hilltop.client(Role.PATIENT), "get", f"/providers/{nurse['id']}")
    assert read.json()["provider"] == nurse | {"active": False}


def test_a_providers_name_does_not_lie_open(hilltop: Clinic) -> None:
    nurse = made(hilltop, "/providers", NURSE)

    with inside(hilltop.id):
        row = Provider.objects.get(id=nurse["id"])
    assert b"Adjei" not in bytes(row.details)


def test_doctors_are_the_providers_whose_role_says_so(hilltop: Clinic) -> None:
    admin = hilltop.client(Role.ADMIN)
    nurse = made(hilltop, "/providers", NURSE)
    doctor = made(hilltop, "/doctors", {"family": "Asante", "specialty": "heart"})

    assert doctor["role"] == "doctor"
    assert nurse["id"] not in [each["id"] for each in admin.get("/api/doctors").json()["doctors"]]
    assert problem(admin.get(f"/api/doctors/{nurse['id']}")) == (404, "not-found")
    assert problem(call(admin, "put", f"/doctors/{nurse['id']}", {"family": "Adjei"})) == (404, "not-found")
    assert call(admin, "put", f"/doctors/{doctor['id']}", {"family": "Asante"}).json()["doctor"]["role"] == "doctor"


def test_providers_are_found_by_name_and_that_is_an_event(hilltop: Clinic) -> None:
    nurse = made(hilltop, "/providers", NURSE)

    answer = hilltop.client(Role.RECEPTIONIST).get("/api/providers?name=adj")

    assert [each["id"] for each in answer.json()["providers"]] == [nurse["id"]]
    event = last_event(hilltop)
    assert event.action == "provider.listed"
    assert b"adj" not in bytes(event.payload or b"")


def test_providers_are_listed_page_by_page(hilltop: Clinic) -> None:
    admin = hilltop.client(Role.ADMIN)

    first = admin.get("/api/providers?limit=1")
    second = admin.get("/api/providers", {"limit": 1, "cursor": first.json()["next"]})

    assert ids(first, "providers") + ids(second, "providers") == [hilltop.other_doctor_id, hilltop.doctor_id]
    assert second.json()["next"] is None


@pytest.fixture
def ward(hilltop: Clinic) -> str:
    """The path of a department's work at the doctor's."""
    department = made(hilltop, "/departments", {"name": "Surgery"})
    return str(department["id"])


def work_path(clinic: Clinic) -> str:
    return f"/providers/{clinic.doctor_id}/departments"


def test_a_provider_works_in_several_departments_each_for_its_time(hilltop: Clinic, ward: str) -> None:
    """PRV-01."""
    heart = made(hilltop, "/departments", {"name": "Heart"})
    made(hilltop, work_path(hilltop), {"department_id": ward, "since": "2020-01-01", "until": "2020-12-31"})
    made(hilltop, work_path(hilltop), {"department_id": ward, "since": "2022-01-01"})
    made(hilltop, work_path(hilltop), {"department_id": heart["id"], "since": "2020-01-01"})

    answer = hilltop.client(Role.PATIENT).get(f"/api{work_path(hilltop)}")

    assert [(each["department"], each["since"], each["until"]) for each in answer.json()["departments"]] == [
        ("Heart", "2020-01-01", None),
        ("Surgery", "2022-01-01", None),
        ("Surgery", "2020-01-01", "2020-12-31"),
    ]


@pytest.mark.parametrize(
    ("since", "until"),
    [("2020-12-31", None), ("2019-01-01", "2020-01-01"), ("2020-03-01", "2020-04-01"), ("2019-01-01", None)],
)
def test_nobody_works_twice_in_one_department_at_one_time(
    since: str, until: str | None, hilltop: Clinic, ward: str
) -> None:
    made(hilltop, work_path(hilltop), {"department_id": ward, "since": "2020-01-01", "until": "2020-12-31"})

    body = {"department_id": ward, "since": since, "until": until}
    answer = call(hilltop.client(Role.ADMIN), "post", work_path(hilltop), body)

    assert problem(answer) == (409, "works-there-already")
    with inside(hilltop.id):
        assert ProviderDepartment.objects.filter(department_id=ward).count() == 1


def test_work_ends_today_and_only_once(hilltop: Clinic, ward: str) -> None:
    made(hilltop, work_path(hilltop), {"department_id": ward})
    admin = hilltop.client(Role.ADMIN)

    ended = admin.delete(f"/api{work_path(hilltop)}/{ward}")
    [work] = admin.get(f"/api{work_path(hilltop)}").json()["departments"]
    nobody = admin.delete(f"/api{work_path(hilltop)}/{new_id()}")

    assert ended.status_code == 204
    assert work["until"] == work["since"]
    assert problem(nobody) == (404, "not-found")


def test_work_cannot_end_before_it_begins_or_be_nowhere(hilltop: Clinic, ward: str, riverside: Clinic) -> None:
    elsewhere = made(riverside, "/departments", {"name": "Surgery"})
    admin = hilltop.client(Role.ADMIN)

    backwards = {"department_id": ward, "since": "2020-02-01", "until": "2020-01-31"}
    assert problem(call(admin, "post", work_path(hilltop), backwards)) == (422, "invalid")
    assert problem(call(admin, "post", work_path(hilltop), {"department_id": elsewhere["id"]})) == (404, "not-found")
    with inside(hilltop.id):
        assert ProviderDepartment.objects.filter(department_id=ward).count() == 0


def test_departments_form_a_tree_and_none_is_its_own_parent(hilltop: Clinic, ward: str) -> None:
    admin = hilltop.client(Role.ADMIN)

    unit = made(hilltop, "/departments", {"name": "Wounds", "parent_id": ward})
    own = call(admin, "put", f"/departments/{ward}", {"name": "Surgery", "parent_id": ward})
    nowhere = call(admin, "post", "/departments", {"name": "Lost", "parent_id": str(new_id())})

    assert unit["parent_id"] == ward
    assert problem(own) == problem(nowhere) == (422, "invalid")
    with inside(hilltop.id):
        assert set(Department.objects.values_list("name", flat=True)) == {"Surgery", "Wounds"}


def test_no_department_lies_below_itself(hilltop: Clinic, ward: str) -> None:
    """PRV-02."""
    admin = hilltop.client(Role.ADMIN)
    unit = made(hilltop, "/departments", {"name": "Wounds", "parent_id": ward})
    room = made(hilltop, "/departments", {"name": "Room", "parent_id": unit["id"]})

    around = call(admin, "put", f"/departments/{ward}", {"name": "Surgery", "parent_id": room["id"]})
    aside = call(admin, "put", f"/departments/{room['id']}", {"name": "Room", "parent_id": ward})

    assert problem(around) == (422, "invalid")
    assert aside.json()["department"]["parent_id"] == ward
    with inside(hilltop.id):
        assert Department.objects.get(id=ward).parent_id is None


def test_a_department_is_removed_only_when_nothing_belongs_to_it(hilltop: Clinic, ward: str) -> None:
    """PRV-02."""
    admin = hilltop.client(Role.ADMIN)
    unit = made(hilltop, "/departments", {"name": "Wounds", "parent_id": ward})
    made(hilltop, work_path(hilltop), {"department_id": unit["id"]})

    refused = [admin.delete(f"/api/departments/{each}") for each in (ward, unit["id"])]

    assert [problem(each) for each in refused] == [(409, "department-in-use")] * 2
    assert [(each.json()["departments"], each.json()["providers"]) for each in refused] == [(1, 0), (0, 1)]
    lonely = made(hilltop, "/departments", {"name": "Empty"})
    assert problem(call(admin, "delete", f"/departments/{lonely['id']}", **{"if-match": '"7"'})) == (
        412,
        "stale-version",
    )
    assert admin.delete(f"/api/departments/{lonely['id']}").status_code == 204
    assert problem(admin.get(f"/api/departments/{lonely['id']}")) == (404, "not-found")
    with inside(hilltop.id):
        assert set(Department.objects.values_list("name", flat=True)) == {"Surgery", "Wounds"}


def test_departments_and_laboratories_have_versions(hilltop: Clinic, ward: str) -> None:
    admin = hilltop.client(Role.ADMIN)
    lab = made(hilltop, "/labs", {"name": "Blood", "code": "b"})

    for path, body in (
        (f"/departments/{ward}", {"name": "Theatre"}),
        (f"/labs/{lab['id']}", {"name": "B", "code": "b"}),
    ):
        assert call(admin, "put", path, body, **{"if-match": '"1"'}).headers["ETag"] == '"2"'
        assert problem(call(admin, "put", path, body, **{"if-match": '"1"'})) == (412, "stale-version")
        assert call(admin, "get", path).headers["ETag"] == '"2"'


def test_a_laboratorys_code_is_its_own(hilltop: Clinic) -> None:
    made(hilltop, "/labs", {"name": "Blood", "code": "b"})

    answer = call(hilltop.client(Role.ADMIN), "post", "/labs", {"name": "Bones", "code": "b"})

    assert problem(answer) == (409, "laboratory-code-taken")
    with inside(hilltop.id):
        assert list(Laboratory.objects.values_list("name", flat=True)) == ["Blood"]


@pytest.mark.parametrize(("path", "what"), [("departments", "departments"), ("labs", "labs"), ("doctors", "doctors")])
def test_lists_are_paged(path: str, what: str, hilltop: Clinic) -> None:
    admin = hilltop.client(Role.ADMIN)
    for number in range(2):
        body = {"name": f"N{number}", "code": f"c{number}"} if path == "labs" else {"name": f"N{number}"}
        made(hilltop, f"/{path}", {"family": f"N{number}"} if path == "doctors" else body)

    first = admin.get(f"/api/{path}?limit=1").json()
    second = admin.get(f"/api/{path}", {"limit": 1, "cursor": first["next"]}).json()

    assert len(first[what]) == len(second[what]) == 1
    assert first[what] != second[what]
