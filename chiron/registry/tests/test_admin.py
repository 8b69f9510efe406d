"""The administration of the registry: the API's queries and verbs, and as many events as there."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.registry.models import Assignment, BrokenGlass, Department, GlassSeen, Laboratory, Patient, Provider
from chiron.registry.queries import Opened, opened
from chiron.registry.tests.factories import AMA, call, join, registered
from chiron.tenancy.public import inside
from chiron.vault.public import organization_safe
from tests.desk import faults, filled
from tests.town import Clinic

PATIENTS, PROVIDERS = "/admin/registry/patient/", "/admin/registry/provider/"
DEPARTMENTS, LABORATORIES = "/admin/registry/department/", "/admin/registry/laboratory/"
GLASS = "/admin/registry/brokenglass/"
TYPED = {
    "family": "Owusu", "given": "Ama\nSerwaa", "birth_date": "1980-05", "sex": "female", "active": "on",
    "telecom": "phone | 020 555 0100", "identifiers": "urn:mrn:hilltop | 4711",
    "address": "1 Hill Road, Flat 2 | GA-100 | Accra || GH",
}  # fmt: skip


@pytest.fixture
def browser(hilltop: Clinic) -> Client:
    return hilltop.desk(Role.ADMIN)


def since(clinic: Clinic, act: Callable[[], Any]) -> list[str]:
    """The actions of the events that doing it left."""
    with inside(clinic.id):
        before = set(Event.objects.using("clinical").values_list("id", flat=True))
    act()
    with inside(clinic.id):
        left = Event.objects.using("clinical").exclude(id__in=before)
        return list(left.order_by("id").values_list("action", flat=True))


def found(clinic: Clinic, patient_id: Any) -> Opened:
    with inside(clinic.id):
        return opened(Patient.objects.get(id=patient_id))


def patients(clinic: Clinic) -> int:
    with inside(clinic.id):
        return Patient.objects.count()


def id_in(answer: Any) -> str:
    """The id in the address to which a form that was done leads."""
    assert answer.status_code == 302, faults(answer)
    named = re.search(r"[0-9a-f-]{36}", answer.headers["Location"])
    assert named is not None
    return named.group()


def test_each_look_at_patients_is_the_event_that_the_api_writes(browser: Client, hilltop: Clinic) -> None:
    one = f"{PATIENTS}{hilltop.patient_id}/"

    assert since(hilltop, lambda: browser.get(PATIENTS)) == ["patient.listed"]
    assert since(hilltop, lambda: browser.post(PATIENTS, {"name": "Mensah"})) == ["patient.searched"]
    assert since(hilltop, lambda: browser.get(f"{one}change/")) == ["patient.read", "assignment.listed"]
    assert since(hilltop, lambda: browser.get(f"{one}edit/")) == ["patient.read"]
    assert since(hilltop, lambda: browser.get(f"{one}assign/")) == ["provider.listed"]
    assert since(hilltop, lambda: browser.get(f"{one}end/")) == ["assignment.listed"]
    assert since(hilltop, lambda: browser.get(PROVIDERS)) == ["provider.listed"]
    assert since(hilltop, lambda: browser.get("/admin/registry/assignment/")) == ["assignment.listed"]
    assert since(hilltop, lambda: browser.get("/admin/registry/claim/")) == ["claim.listed"]
    assert since(hilltop, lambda: browser.get(GLASS)) == ["glass.listed"]


def test_a_list_names_whom_it_shows_in_its_event(browser: Client, hilltop: Clinic) -> None:
    browser.get(PATIENTS)

    with inside(hilltop.id):
        event = Event.objects.using("clinical").latest("id")
        safe = organization_safe(hilltop.id)
        assert safe.open(event, "payload")["address"] == "127.0.0.1"
    assert set(event.subjects) == {hilltop.patient_id, hilltop.other_patient_id}
    assert (event.account_id, event.purpose) == (hilltop.who[Role.ADMIN].account_id, "HOPERAT")
    assert event.session_id is not None


@pytest.mark.parametrize(
    ("typed", "family"),
    [
        ({"name": "mens"}, ["Mensah"]),
        ({"identifier": "4711"}, ["Owusu"]),
        ({"birth_date": "1980-05"}, ["Owusu"]),
        ({"name": "nobody"}, []),
    ],
)
def test_patients_are_found_by_the_blind_index_and_no_name_stands_in_an_address(
    typed: dict[str, str], family: list[str], browser: Client, hilltop: Clinic
) -> None:
    registered(hilltop)

    page = browser.post(PATIENTS, typed)

    shown = re.findall(
        r'<a class="chiron-link" href="[^"]*"><span>\w+ (?:\w+ )?(\w+)</span></a>', page.content.decode()
    )
    assert shown == family
    assert 'method="post"' in page.content.decode()
    assert browser.get(f"{PATIENTS}?name=mens").content.count(b"chiron-tag-good") == 3


def test_a_search_that_cannot_be_read_is_refused_at_its_field(browser: Client) -> None:
    answer = browser.post(PATIENTS, {"birth_date": "May"})

    assert answer.status_code == 422
    assert "must be YYYY, YYYY-MM or YYYY-MM-DD" in answer.content.decode()


def test_a_page_is_full_and_leads_to_the_older_ones(browser: Client, hilltop: Clinic) -> None:
    for number in range(51):
        registered(hilltop, family=f"Many{number}", identifiers=[])

    first = browser.post(PATIENTS, {"name": "Many"})
    rest = browser.post(PATIENTS, {"name": "Many", "cursor": first.context["next"]})

    assert (len(first.context["table"].rows), len(rest.context["table"].rows), rest.context["next"]) == (50, 1, None)
    assert browser.post(PATIENTS, {"cursor": "x"}).status_code == 422


def test_a_name_is_not_in_the_title_that_a_browser_remembers(browser: Client, hilltop: Clinic) -> None:
    page = browser.get(f"{PATIENTS}{hilltop.patient_id}/change/").content.decode()

    title = page[page.index("<title>") : page.index("</title>")]
    assert "Kofi Mensah" in page
    assert "Mensah" not in title
    assert f"Patient …{str(hilltop.patient_id)[-8:]}" in title


def test_what_is_shown_is_escaped(browser: Client, hilltop: Clinic) -> None:
    evil = registered(hilltop, family="<script>alert(1)</script>")

    for page in (PATIENTS, f"{PATIENTS}{evil['id']}/change/", f"{PATIENTS}{evil['id']}/edit/"):
        assert b"<script>alert" not in browser.get(page).content


def test_a_patient_is_registered_by_the_verb(browser: Client, hilltop: Clinic) -> None:
    actions = since(hilltop, lambda: browser.post(f"{PATIENTS}add/", TYPED))

    assert actions == ["patient.created"]
    browser.get(PATIENTS)
    with inside(hilltop.id):
        made = opened(Patient.objects.latest("id"))
    assert (made.person.family, made.person.given, str(made.born)) == ("Owusu", ["Ama", "Serwaa"], "1980-05")
    assert made.identifiers == [("urn:mrn:hilltop", "4711", "")]
    assert made.person.telecom == [{"system": "phone", "value": "020 555 0100", "use": ""}]
    assert made.person.address == [
        {"line": ["1 Hill Road", "Flat 2"], "city": "Accra", "postal_code": "GA-100", "state": "", "country": "GH"}
    ]


@pytest.mark.parametrize(
    ("typed", "status", "field", "said"),
    [
        ({"identifiers": "urn:mrn:hilltop | 4711"}, 409, "__all__", "Another patient of this organization has that"),
        ({"birth_date": "2999"}, 422, "birth_date", "is in the future"),
        ({"birth_date": "May"}, 422, "birth_date", "must be YYYY, YYYY-MM or YYYY-MM-DD"),
        ({"family": ""}, 422, "family", "This field is required."),
        ({"telecom": "a | b | c | d"}, 422, "telecom", "A line has at most 3 parts."),
        ({"sex": "dragon"}, 422, "sex", "Select a valid choice."),
        ({"telecom": f"phone | {'9' * 300}"}, 422, "telecom", "is too long"),
    ],
)
def test_what_the_verb_refuses_is_said_at_the_form_and_nothing_is_written(
    typed: dict[str, str], status: int, field: str, said: str, browser: Client, hilltop: Clinic
) -> None:
    registered(hilltop)
    before = patients(hilltop)

    answer = browser.post(f"{PATIENTS}add/", TYPED | {"identifiers": ""} | typed)

    assert answer.status_code == status
    assert [each for each in faults(answer)[field] if each.startswith(said)]
    assert patients(hilltop) == before


def test_a_form_sent_back_as_it_came_changes_nothing_that_it_does_not_show(browser: Client, hilltop: Clinic) -> None:
    rich: dict[str, Any] = {
        "telecom": [{"system": "phone", "value": "020 | 555", "use": "home"}],
        "address": [{"line": ["1 Hill Road, behind the mill"], "city": "Accra"}],
        "given": ["Mary Ann", "Efua"],
    }
    ama = registered(hilltop, **rich)
    before, edit = found(hilltop, ama["id"]), f"{PATIENTS}{ama['id']}/edit/"

    actions = since(hilltop, lambda: id_in(browser.post(edit, filled(browser.get(edit), language="tw"))))

    after = found(hilltop, ama["id"])
    assert actions == ["patient.read", "patient.updated"]
    assert (after.person.language, after.patient.version) == ("tw", 2)
    for name in ("family", "given", "telecom", "address"):
        assert getattr(after.person, name) == getattr(before.person, name)
    assert (after.identifiers, after.born) == (before.identifiers, before.born)


def test_of_two_who_change_a_patient_the_second_is_told(browser: Client, hilltop: Clinic) -> None:
    edit = f"{PATIENTS}{hilltop.patient_id}/edit/"
    form = browser.get(edit)
    browser.post(edit, filled(form, family="First"))

    answer = browser.post(edit, filled(form, family="Second"))

    assert answer.status_code == 412
    assert faults(answer) == {"__all__": ["It was changed meanwhile: read it again before changing it."]}
    assert found(hilltop, hilltop.patient_id).person.family == "First"


def test_a_provider_is_assigned_and_relieved(browser: Client, hilltop: Clinic) -> None:
    one, other = f"{PATIENTS}{hilltop.patient_id}/", {"provider": str(hilltop.other_doctor_id)}

    id_in(browser.post(f"{one}assign/", other))
    again = browser.post(f"{one}assign/", other)
    stranger = browser.post(f"{one}assign/", {"provider": str(new_id())})

    assert (again.status_code, stranger.status_code) == (409, 422)
    assert faults(again) == {"__all__": ["That provider cares for the patient already."]}
    id_in(browser.post(f"{one}end/", other))
    with inside(hilltop.id):
        [ended] = Assignment.objects.filter(provider=hilltop.other_doctor_id)
    assert ended.until is not None


def test_an_account_is_confirmed_to_be_a_patient(browser: Client, hilltop: Clinic) -> None:
    made = registered(hilltop)
    joined = join(hilltop, "PATIENT", "adwoa")
    link = f"{PATIENTS}{made['id']}/link/"
    form = browser.get(link)
    assert "Adwoa Yeboah 1980-05" in form.content.decode()

    id_in(browser.post(link, {"claim": joined["user"]["id"]}))

    assert "Adwoa" not in browser.get("/admin/registry/claim/").content.decode()


def test_a_doctor_who_waits_is_approved_and_becomes_a_provider(browser: Client, hilltop: Clinic) -> None:
    join(hilltop, "DOCTOR", "adwoa")
    page = browser.get("/admin/registry/claim/").content.decode()
    [claim] = set(re.findall(r"/admin/registry/claim/([0-9a-f-]{36})/change/", page))

    done = browser.post(f"/admin/registry/claim/{claim}/approve/")

    assert (done.status_code, done.headers["Location"]) == (302, "/admin/registry/claim/")
    assert "Adwoa Yeboah" in browser.get(PROVIDERS).content.decode()
    assert "Adwoa" not in browser.get("/admin/registry/claim/").content.decode()
    assert browser.post(f"/admin/registry/claim/{claim}/approve/").status_code == 404


def test_a_patients_claim_is_linked_and_not_approved(browser: Client, hilltop: Clinic) -> None:
    join(hilltop, "PATIENT", "adwoa")
    page = browser.get("/admin/registry/claim/").content.decode()
    [claim] = set(re.findall(r"/admin/registry/claim/([0-9a-f-]{36})/change/", page))

    assert "Approve the doctor" not in browser.get(f"/admin/registry/claim/{claim}/change/").content.decode()
    assert browser.post(f"/admin/registry/claim/{claim}/approve/").status_code == 404


def test_a_form_opened_in_one_organization_is_not_sent_to_another(
    browser: Client, hilltop: Clinic, riverside: Clinic
) -> None:
    form = riverside.desk(Role.ADMIN).get(f"{PATIENTS}add/")
    before = patients(hilltop)

    answer = browser.post(f"{PATIENTS}add/", filled(form, **TYPED))

    assert answer.status_code == 422
    assert "opened in another organization" in answer.content.decode()
    assert patients(hilltop) == before


def test_providers_departments_and_laboratories_are_added_and_changed(browser: Client, hilltop: Clinic) -> None:
    doctor = id_in(browser.post(f"{PROVIDERS}add/", {"family": "Addo", "role": "doctor", "active": "on"}))
    ward = id_in(browser.post(f"{DEPARTMENTS}add/", {"name": "Heart", "kind": "department", "active": "on"}))
    room = id_in(browser.post(f"{DEPARTMENTS}add/", {"name": "Room 1", "kind": "location", "parent_id": ward}))
    lab = id_in(browser.post(f"{LABORATORIES}add/", {"name": "Blood", "code": "b", "active": "on"}))

    for address, typed in (
        (f"{PROVIDERS}{doctor}/edit/", {"specialty": "surgery", "active": ""}),
        (f"{DEPARTMENTS}{ward}/edit/", {"name": "Hearts"}),
        (f"{LABORATORIES}{lab}/edit/", {"name": "Blood bank"}),
    ):
        id_in(browser.post(address, filled(browser.get(address), **typed)))

    with inside(hilltop.id):
        provider = Provider.objects.get(id=doctor)
        assert (provider.specialty, provider.active, provider.version) == ("surgery", False, 2)
        assert Department.objects.get(id=ward).name == "Hearts"
        assert str(Department.objects.get(id=room).parent_id) == ward
        assert Laboratory.objects.get(id=lab).name == "Blood bank"


def test_what_constraints_and_verbs_keep_is_kept_here_too(browser: Client, hilltop: Clinic) -> None:
    ward = id_in(browser.post(f"{DEPARTMENTS}add/", {"name": "Heart", "kind": "department"}))
    id_in(browser.post(f"{DEPARTMENTS}add/", {"name": "Room 1", "kind": "location", "parent_id": ward}))
    id_in(browser.post(f"{LABORATORIES}add/", {"name": "Blood", "code": "b"}))
    edit, remove = f"{DEPARTMENTS}{ward}/edit/", f"{DEPARTMENTS}{ward}/remove/"

    own = browser.post(edit, filled(browser.get(edit), parent_id=ward))
    used = browser.post(remove, filled(browser.get(remove)))
    taken = browser.post(f"{LABORATORIES}add/", {"name": "Other", "code": "b"})

    assert faults(own) == {"parent_id": ["must be another department, and none below this one"]}
    assert faults(used) == {
        "__all__": ["Departments, rooms or holidays belong to it, or providers work or worked there."]
    }
    assert faults(taken) == {"__all__": ["Another laboratory has that code."]}
    assert (own.status_code, used.status_code, taken.status_code) == (422, 409, 409)
    with inside(hilltop.id):
        assert (Department.objects.count(), Laboratory.objects.count()) == (2, 1)


def smash(clinic: Clinic) -> str:
    path, body = f"/patients/{clinic.other_patient_id}/break-glass", {"reason": "Unconscious, allergies unknown"}
    return str(call(clinic.client(Role.DOCTOR), "post", path, body).json()["break_glass"]["id"])


def test_the_privacy_officer_reads_why_the_glass_was_broken_and_no_name(hilltop: Clinic) -> None:
    glass, browser = smash(hilltop), hilltop.desk(Role.PRIVACY_OFFICER)

    listed, shown = browser.get(GLASS).content.decode(), browser.get(f"{GLASS}{glass}/change/").content.decode()

    for page in (listed, shown):
        assert "Unconscious, allergies unknown" in page
        assert "Boateng" not in page
        assert "Kwame Osei" in page
    id_in(browser.post(f"{GLASS}{glass}/acknowledge/"))
    again = browser.post(f"{GLASS}{glass}/acknowledge/")
    assert faults(again) == {"__all__": ["Somebody has looked at that already."]}
    with inside(hilltop.id):
        assert (BrokenGlass.objects.count(), GlassSeen.objects.count()) == (1, 1)


@pytest.mark.parametrize("act", ["edit", "assign", "end", "link"])
def test_who_may_not_do_it_is_refused_by_the_policy(act: str, hilltop: Clinic) -> None:
    before = found(hilltop, hilltop.patient_id).patient.version

    answer = hilltop.desk(Role.PRIVACY_OFFICER).post(f"{PATIENTS}{hilltop.patient_id}/{act}/", TYPED)

    assert answer.status_code == 403
    assert found(hilltop, hilltop.patient_id).patient.version == before


@pytest.mark.parametrize("act", ["edit", "assign", "end", "link"])
def test_acts_on_another_organizations_patient_find_nobody(act: str, browser: Client, riverside: Clinic) -> None:
    typed = TYPED | {"provider": str(riverside.doctor_id), "claim": str(new_id())}

    answers = [browser.post(f"{PATIENTS}{id}/{act}/", typed) for id in (riverside.patient_id, new_id())]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert browser.get(f"{PATIENTS}{riverside.patient_id}/{act}/").status_code == 404
    assert found(riverside, riverside.patient_id).person.family == "Mensah"
    assert found(riverside, riverside.patient_id).patient.version == 1


@pytest.mark.parametrize(
    ("page", "add"),
    [
        (PATIENTS, lambda clinic, number: registered(clinic, identifiers=[{"system": "urn:m", "value": str(number)}])),
        (PROVIDERS, lambda clinic, number: call(clinic.client(Role.ADMIN), "post", "/doctors", {"family": "Many"})),
        (GLASS, lambda clinic, number: smash(clinic)),
        ("/admin/registry/claim/", lambda clinic, number: join(clinic, "PATIENT", f"many{number}")),
    ],
)
def test_a_list_takes_the_same_queries_however_long_it_is(
    page: str, add: Callable[[Clinic, int], Any], browser: Client, hilltop: Clinic
) -> None:
    taken = []
    for number in range(4):
        add(hilltop, number)
        with (
            CaptureQueriesContext(connections["clinical"]) as clinical,
            CaptureQueriesContext(connections["accounts"]) as accounts,
        ):
            browser.get(page)
        known_for_a_second = [each for each in accounts.captured_queries if "vault_organizationkey" in each["sql"]]
        taken.append((len(clinical), len(accounts) - len(known_for_a_second)))

    assert len(set(taken[1:])) == 1, taken


def test_nothing_of_the_registry_is_deleted_here(browser: Client, hilltop: Clinic) -> None:
    assert browser.post(f"{PATIENTS}{hilltop.patient_id}/delete/", {"post": "yes"}).status_code == 404
    assert browser.post(PATIENTS, {"action": "delete_selected"}).status_code == 200
    assert patients(hilltop) == 2


def test_the_day_somebody_was_born_stays_as_exactly_as_it_is_known(browser: Client, hilltop: Clinic) -> None:
    ama = registered(hilltop, **{name: AMA[name] for name in ("birth_date",)})
    edit = f"{PATIENTS}{ama['id']}/edit/"

    id_in(browser.post(edit, filled(browser.get(edit), birth_date="1980-05-17")))

    assert found(hilltop, ama["id"]).patient.birth_date == date(1980, 5, 17)
