"""From registering to being a patient of the clinic: claims, and the staff who link them."""

from uuid import UUID

from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.registry.models import Claim, Patient
from chiron.registry.tests.factories import call, ids, join, last_event, problem, registered, signed_in
from chiron.tenancy.public import inside
from tests.town import Clinic


def test_a_patient_who_registers_sees_the_own_records_once_staff_have_linked_the_claim(hilltop: Clinic) -> None:
    account = join(hilltop, "PATIENT", "adwoa")["user"]["id"]
    desk, patient = hilltop.client(Role.RECEPTIONIST), registered(hilltop)
    unlinked = signed_in("adwoa", hilltop)

    assert ids(unlinked.get("/api/patients")) == []
    [claim] = desk.get("/api/claims").json()["claims"]
    linked = call(desk, "post", f"/patients/{patient['id']}/link", {"account_id": claim["account_id"]})

    assert (claim["account_id"], claim["kind"], claim["first_name"], claim["last_name"], claim["birth_date"]) == (
        account, "patient", "Adwoa", "Yeboah", "1980-05",
    )  # fmt: skip
    assert linked.status_code == 200
    assert desk.get("/api/claims").json()["claims"] == []
    assert ids(signed_in("adwoa", hilltop).get("/api/patients")) == [UUID(patient["id"])]
    assert problem(unlinked.get("/api/patients")) == (401, "not-signed-in")


def test_a_claim_is_sealed(hilltop: Clinic) -> None:
    join(hilltop, "PATIENT", "adwoa")

    with inside(hilltop.id):
        claim = Claim.objects.get()
    assert b"Yeboah" not in bytes(claim.details)


def test_an_account_is_linked_to_one_patient_only(hilltop: Clinic) -> None:
    account = join(hilltop, "PATIENT", "adwoa")["user"]["id"]
    desk, body = hilltop.client(Role.RECEPTIONIST), {"account_id": account}
    ama, kofi = registered(hilltop), registered(hilltop, identifiers=[])

    first = call(desk, "post", f"/patients/{ama['id']}/link", body)
    again = call(desk, "post", f"/patients/{ama['id']}/link", body)
    other = call(desk, "post", f"/patients/{kofi['id']}/link", body)

    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert ids(signed_in("adwoa", hilltop).get("/api/patients")) == [UUID(ama["id"])]


def test_who_made_no_claim_here_is_linked_to_nobody(hilltop: Clinic, riverside: Clinic) -> None:
    next_door = join(riverside, "PATIENT", "adwoa")["user"]["id"]
    patient = registered(hilltop)

    for account in (next_door, str(new_id()), str(hilltop.who[Role.LAB].account_id)):
        answer = call(hilltop.client(Role.ADMIN), "post", f"/patients/{patient['id']}/link", {"account_id": account})
        assert problem(answer) == (404, "not-found")
    assert riverside.client(Role.ADMIN).get("/api/claims").json()["claims"][0]["account_id"] == next_door


def claimed(clinic: Clinic) -> list[str]:
    """The accounts whose claims wait."""
    return [each["account_id"] for each in clinic.client(Role.RECEPTIONIST).get("/api/claims").json()["claims"]]


def test_two_accounts_are_not_one_patient_and_the_refused_claim_stays(hilltop: Clinic) -> None:
    first, second = (join(hilltop, "PATIENT", name)["user"]["id"] for name in ("adwoa", "adjoa"))
    desk, path = hilltop.client(Role.RECEPTIONIST), f"/patients/{registered(hilltop)['id']}/link"

    answers = [call(desk, "post", path, {"account_id": account}) for account in (first, second)]

    assert answers[0].status_code == 200
    assert problem(answers[1]) == (409, "already-linked")
    assert claimed(hilltop) == [second]
    assert ids(signed_in("adjoa", hilltop).get("/api/patients")) == []


def test_no_account_is_linked_to_whom_another_record_replaced(hilltop: Clinic) -> None:
    account = join(hilltop, "PATIENT", "adwoa")["user"]["id"]
    replaced, kept = registered(hilltop)["id"], registered(hilltop, identifiers=[])["id"]
    with inside(hilltop.id):
        Patient.objects.filter(id=replaced).update(replaced_by=kept)

    answer = call(hilltop.client(Role.ADMIN), "post", f"/patients/{replaced}/link", {"account_id": account})

    assert problem(answer) == (409, "patient-replaced")
    assert claimed(hilltop) == [account]
    assert ids(signed_in("adwoa", hilltop).get("/api/patients")) == []


def test_a_patient_next_door_and_a_patient_of_nobody_are_the_same_to_who_links(
    hilltop: Clinic, riverside: Clinic
) -> None:
    account = join(hilltop, "PATIENT", "adwoa")["user"]["id"]
    desk = hilltop.client(Role.RECEPTIONIST)

    answers = [
        call(desk, "post", f"/patients/{patient_id}/link", {"account_id": account})
        for patient_id in (riverside.patient_id, new_id())
    ]

    assert [problem(answer) for answer in answers] == [(404, "not-found")] * 2
    assert answers[0].content == answers[1].content
    assert claimed(hilltop) == [account]


def test_who_is_no_staff_reads_no_claims_and_links_nobody(hilltop: Clinic) -> None:
    account = join(hilltop, "PATIENT", "adwoa")["user"]["id"]

    for role in (Role.DOCTOR, Role.PATIENT, Role.LAB, Role.PRIVACY_OFFICER):
        client = hilltop.client(role)
        linking = call(client, "post", f"/patients/{hilltop.other_patient_id}/link", {"account_id": account})
        assert problem(client.get("/api/claims")) == problem(linking) == (403, "not-permitted")
    assert claimed(hilltop) == [account]


def test_claims_are_listed_page_by_page(hilltop: Clinic) -> None:
    accounts = [join(hilltop, "PATIENT", name)["user"]["id"] for name in ("adwoa", "adjoa", "akosua")]
    desk = hilltop.client(Role.RECEPTIONIST)

    first = desk.get("/api/claims?limit=2").json()
    second = desk.get("/api/claims", {"limit": 2, "cursor": first["next"]}).json()

    listed = [each["account_id"] for page in (first, second) for each in page["claims"]]
    assert (listed, len(first["claims"]), second["next"]) == (accounts[::-1], 2, None)


def test_a_wrong_link_is_taken_back_at_once_and_the_claim_waits_again(hilltop: Clinic) -> None:
    account = join(hilltop, "PATIENT", "adwoa")["user"]["id"]
    wrong, right = registered(hilltop)["id"], registered(hilltop, identifiers=[])["id"]
    desk, body = hilltop.client(Role.RECEPTIONIST), {"account_id": account}
    call(desk, "post", f"/patients/{wrong}/link", body)
    linked = signed_in("adwoa", hilltop)
    assert ids(linked.get("/api/patients")) == [UUID(wrong)]

    answer = desk.delete(f"/api/patients/{wrong}/link")

    assert answer.status_code == 204
    assert (last_event(hilltop).action, last_event(hilltop).subjects) == ("patient.unlinked", [UUID(wrong)])
    assert problem(linked.get(f"/api/patients/{wrong}")) == (401, "not-signed-in")
    assert problem(signed_in("adwoa", hilltop).get(f"/api/patients/{wrong}")) == (404, "not-found")
    assert claimed(hilltop) == [account]
    assert call(desk, "post", f"/patients/{right}/link", body).status_code == 200
    assert ids(signed_in("adwoa", hilltop).get("/api/patients")) == [UUID(right)]


def test_where_there_is_no_link_none_is_taken_back(hilltop: Clinic, riverside: Clinic) -> None:
    admin = hilltop.client(Role.ADMIN)

    unlinked = admin.delete(f"/api/patients/{hilltop.other_patient_id}/link")
    elsewhere = [admin.delete(f"/api/patients/{each}/link") for each in (riverside.patient_id, new_id())]

    assert problem(unlinked) == (409, "not-linked")
    assert [problem(each) for each in elsewhere] == [(404, "not-found")] * 2
    assert elsewhere[0].content == elsewhere[1].content
    assert ids(riverside.client(Role.PATIENT).get("/api/patients")) == [riverside.patient_id]


def test_no_patient_takes_the_own_link_back(hilltop: Clinic) -> None:
    patient = hilltop.client(Role.PATIENT)

    assert problem(patient.delete(f"/api/patients/{hilltop.patient_id}/link")) == (403, "not-permitted")
    assert ids(patient.get("/api/patients")) == [hilltop.patient_id]
