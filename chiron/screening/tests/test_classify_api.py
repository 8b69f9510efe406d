"""Classifying over HTTP: who is let in, what is answered, what is refused and leaves nothing behind."""

from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel import clock
from chiron.kernel.db import CLINICAL
from chiron.kernel.ids import new_id
from chiron.registry.models import Patient
from chiron.registry.public import Laboratory, add_staff
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import BundleState, Screening
from chiron.screening.shapes import COUNT
from chiron.screening.tests.bundles import put
from chiron.screening.words import BundleStanding
from chiron.tenancy.public import inside
from chiron.vault.public import organization_safe, patient_safe
from tests.town import Clinic

AT = "/api/screening/classify"
LARGE = COUNT | {
    "rbc": {"value": 4.0, "unit": "10*6/uL"},
    "mcv": {"value": 104.3, "unit": "fL"},
    "mch": {"value": 34.8, "unit": "pg"},
}


def ask(clinic: Clinic, role: Role = Role.ADMIN, headers: dict[str, str] | None = None, **said: Any) -> Any:
    body = {"age": 67, "sex": "female", "cbc": LARGE} | said
    sent = {name: value for name, value in body.items() if value is not None}
    return clinic.client(role).post(AT, sent, content_type="application/json", headers=headers or {})


def kept(clinic: Clinic) -> list[Screening]:
    with inside(clinic.id):
        return list(Screening.objects.order_by("id"))


def test_a_count_of_somebody_unnamed_is_answered_and_kept(hilltop: Clinic, bundle: Bundle) -> None:
    answer = ask(hilltop)

    said = answer.json()["screening"]
    assert answer.status_code == 200, answer.content
    assert abs(said["p_normal"] + said["p_borderline"] + said["p_deficient"] - 1) < 1e-12
    assert (said["class"], said["mode"], said["model"]["state"]) == ("DEFICIENT", "research", "research-only")
    assert said["banner"].startswith("RESEARCH ONLY")
    [row] = kept(hilltop)
    assert (str(row.id), row.result_class, row.p_deficient) == (said["id"], "DEFICIENT", said["p_deficient"])
    assert (row.sex, row.age, row.features[9:14]) == ("female", 67, [None] * 5)
    assert row.bundle_hash == bundle.content_hash == said["model"]["content_hash"]


def test_what_is_kept_are_the_bytes_that_were_answered_sealed(hilltop: Clinic, bundle: Bundle) -> None:
    said = ask(hilltop).json()["screening"]

    [row] = kept(hilltop)
    with inside(hilltop.id):
        result = cast("str", organization_safe(hilltop.id).open(row, "result"))
    assert orjson.loads(result).items() <= said.items()
    assert b"p_deficient" not in bytes(row.result)


def test_of_a_patient_age_and_sex_are_the_registrys(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        Patient.objects.filter(id=hilltop.patient_id).update(birth_date="1950-06-01", sex="male")

    answer = ask(hilltop, Role.DOCTOR, patient_id=str(hilltop.patient_id), age=None, sex=None)

    assert answer.status_code == 200, answer.content
    [row] = kept(hilltop)
    assert (row.patient_id, row.sex, row.age) == (hilltop.patient_id, "male", answer.json()["screening"]["age"])
    with inside(hilltop.id):
        assert patient_safe(hilltop.id, hilltop.patient_id).open(row, "result")
        event = Event.objects.using(CLINICAL).get(action="screening.classified")
    assert (event.subjects, event.resource_id) == ([hilltop.patient_id], row.id)


@pytest.mark.parametrize(
    ("said", "field"), [({"age": 20, "sex": None}, "age"), ({"age": None, "sex": "female"}, "sex")]
)
def test_what_contradicts_the_registry_is_refused(
    said: dict[str, Any], field: str, hilltop: Clinic, bundle: Bundle
) -> None:
    with inside(hilltop.id):
        Patient.objects.filter(id=hilltop.patient_id).update(birth_date="1950-06-01", sex="male")

    answer = ask(hilltop, Role.DOCTOR, patient_id=str(hilltop.patient_id), **said)

    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", field])
    assert kept(hilltop) == []


def test_of_somebody_unnamed_age_and_sex_must_be_said(hilltop: Clinic, bundle: Bundle) -> None:
    answer = ask(hilltop, age=None, sex=None)

    assert [each["loc"] for each in answer.json()["errors"]] == [["body", "age"], ["body", "sex"]]
    assert (answer.status_code, kept(hilltop)) == (422, [])


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ({"hemoglobin": {"value": 139, "unit": "g/dL"}}, "hemoglobin"),
        ({"hematocrit": {"value": 0.417, "unit": "%"}}, "hematocrit"),
        ({"mchc": {"value": 333, "unit": "g/dL"}}, "mchc"),
        ({"rdw": {"value": 43, "unit": "fL"}}, "rdw"),
        ({"rbc": {"value": 4.9, "unit": "10*6/uL"}}, "mcv,hematocrit,rbc"),
        ({"wbc": None}, "wbc"),
    ],
)
def test_a_count_that_cannot_be_is_refused_by_its_lines(
    line: dict[str, Any], place: str, hilltop: Clinic, bundle: Bundle
) -> None:
    cbc = {name: each for name, each in (COUNT | line).items() if each is not None}

    answer = ask(hilltop, cbc=cbc)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", "cbc", place]
    assert kept(hilltop) == []


def test_lines_may_be_named_by_loinc_and_no_unknown_name_is_echoed(hilltop: Clinic, bundle: Bundle) -> None:
    cbc = dict(COUNT)
    cbc["718-7"] = cbc.pop("hemoglobin")

    named, unknown = ask(hilltop, cbc=cbc), ask(hilltop, cbc=COUNT | {"Kofi Mensah": {"value": 1, "unit": "1"}})

    assert named.status_code == 200, named.content
    assert (unknown.status_code, unknown.json()["errors"][0]["loc"]) == (422, ["body", "cbc"])
    assert b"Kofi" not in unknown.content


def test_an_abstention_is_an_answer_with_reasons(hilltop: Clinic, bundle: Bundle) -> None:
    answer = ask(hilltop, pregnant=True)

    said = answer.json()["screening"]
    assert (answer.status_code, said["outcome"], said["p_deficient"]) == (200, "abstained", None)
    assert [each["code"] for each in said["reasons"]] == ["pregnant"]
    [row] = kept(hilltop)
    assert (row.outcome, row.reasons, row.p_normal, row.result_class) == ("abstained", ["pregnant"], None, "")


def test_clinical_mode_needs_an_active_model_and_the_refusal_still_gives_the_indices(
    hilltop: Clinic, bundle: Bundle
) -> None:
    refused = ask(hilltop, mode="clinical")
    with inside(hilltop.id):
        events = list(Event.objects.using(CLINICAL).filter(resource="screenings").values_list("action", "outcome"))
        BundleState.objects.create(bundle_hash=bundle.content_hash, state=BundleStanding.ACTIVE)
    answered = ask(hilltop, mode="clinical")

    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (409, "/problems/model-not-validated")
    assert [each["name"] for each in problem["indices"]][:2] == ["Mentzer", "Green-King"]
    assert events == [("screenings.create", "failure")]
    said = answered.json()["screening"]
    assert (said["model"]["state"], said["banner"], said["mode"]) == ("active", None, "clinical")
    assert len(kept(hilltop)) == 1


def test_without_its_model_there_is_no_answer(hilltop: Clinic, bundle: Bundle, shelved: Path) -> None:
    (shelved / bundle.content_hash).rename(shelved / "elsewhere")

    answer = ask(hilltop)

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/bundle-missing")
    assert answer.headers["Retry-After"]
    assert kept(hilltop) == []


def test_a_model_that_was_changed_is_not_asked(hilltop: Clinic, bundle: Bundle, shelved: Path) -> None:
    at = shelved / bundle.content_hash / "bundle.json"
    at.write_bytes(at.read_bytes().replace(b"100.0", b"101.0"))

    answer = ask(hilltop)

    assert (answer.status_code, answer.json()["type"], kept(hilltop)) == (503, "/problems/bundle-missing", [])


def test_the_same_key_is_answered_once(hilltop: Clinic, bundle: Bundle) -> None:
    key = {"idempotency-key": f"screening-{new_id()}"}

    first, again, other = ask(hilltop, headers=key), ask(hilltop, headers=key), ask(hilltop, headers=key, age=68)

    assert (first.status_code, again.content, other.status_code) == (200, first.content, 422)
    assert len(kept(hilltop)) == 1


def test_a_technician_screens_for_their_laboratory_and_for_no_other(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        own, other = (Laboratory.objects.create(name=name, code=name) for name in ("Blood", "Bone"))
        account_id = hilltop.who[Role.LAB].account_id or new_id()
        add_staff(by=hilltop.who[Role.ADMIN], laboratory_id=own.id, account_id=account_id, now=clock.now())

    unsaid, refused = ask(hilltop, Role.LAB), ask(hilltop, Role.LAB, laboratory_id=str(other.id))

    assert unsaid.json()["screening"]["laboratory_id"] == str(own.id)
    assert (refused.status_code, len(kept(hilltop))) == (404, 1)


def test_a_laboratory_that_is_named_asks_unless_it_is_closed(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        opened, closed = (Laboratory.objects.create(name=name, code=name, active=name == "Blood")
                          for name in ("Blood", "Bone"))  # fmt: skip

    named, refused = (ask(hilltop, laboratory_id=str(each.id)) for each in (opened, closed))

    assert named.json()["screening"]["laboratory_id"] == str(opened.id)
    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["body", "laboratory_id"])
    assert [each.laboratory_id for each in kept(hilltop)] == [opened.id]


def test_who_works_at_two_laboratories_names_the_one_that_asks(hilltop: Clinic, bundle: Bundle) -> None:
    account_id = hilltop.who[Role.LAB].account_id or new_id()
    with inside(hilltop.id):
        blood, bone = (Laboratory.objects.create(name=name, code=name) for name in ("Blood", "Bone"))
        for each in (blood, bone):
            add_staff(by=hilltop.who[Role.ADMIN], laboratory_id=each.id, account_id=account_id, now=clock.now())

    assert ask(hilltop, Role.LAB).json()["screening"]["laboratory_id"] is None
    assert ask(hilltop, Role.LAB, laboratory_id=str(bone.id)).json()["screening"]["laboratory_id"] == str(bone.id)


def test_who_may_not_screen_or_not_this_patient_is_refused(hilltop: Clinic, riverside: Clinic, bundle: Bundle) -> None:
    mine, others = str(hilltop.patient_id), str(hilltop.other_patient_id)
    found = {
        "nobody": Client().post(AT, {"cbc": COUNT}, content_type="application/json").status_code,
        "patient": ask(hilltop, Role.PATIENT, patient_id=mine).status_code,
        "reception": ask(hilltop, Role.RECEPTIONIST).status_code,
        "not assigned": ask(hilltop, Role.DOCTOR, patient_id=others).status_code,
        "next door": ask(riverside, Role.ADMIN, patient_id=mine).status_code,
    }

    assert found == {"nobody": 401, "patient": 403, "reception": 403, "not assigned": 404, "next door": 404}
    assert (kept(hilltop), kept(riverside)) == ([], [])


def test_a_sites_own_model_answers_once_it_is_active(hilltop: Clinic, bundle: Bundle, shelved: Path) -> None:
    own = put(shelved, version="2")
    with inside(hilltop.id):
        BundleState.objects.create(bundle_hash=own.content_hash, state=BundleStanding.ACTIVE)

    assert ask(hilltop).json()["screening"]["model"]["version"] == "2"


@pytest.mark.parametrize("age", [True, False, "67", "1_0", 67.0, 67.5])
def test_an_age_that_is_no_whole_number_is_refused(hilltop: Clinic, bundle: Bundle, age: Any) -> None:
    answer = ask(hilltop, age=age)

    assert (answer.status_code, [each["loc"] for each in answer.json()["errors"]]) == (422, [["body", "age"]])
    assert kept(hilltop) == []


@pytest.mark.parametrize("value", ["1_3.9", "\u0661\u0663.\u0669", " 13.9", "NaN", "", True])
def test_a_value_that_is_no_plain_decimal_number_is_refused(hilltop: Clinic, bundle: Bundle, value: Any) -> None:
    answer = ask(hilltop, cbc=COUNT | {"hemoglobin": {"value": value, "unit": "g/dL"}})

    assert answer.status_code == 422
    assert [each["loc"] for each in answer.json()["errors"]] == [["body", "cbc", "hemoglobin", "value"]]
    assert kept(hilltop) == []


@pytest.mark.parametrize("value", [13.9, "13.9", "+1.39e1", "0139e-1"])
def test_a_value_is_a_json_number_or_a_plain_decimal_string(hilltop: Clinic, bundle: Bundle, value: Any) -> None:
    answer = ask(hilltop, cbc=COUNT | {"hemoglobin": {"value": value, "unit": "g/dL"}})

    assert answer.status_code == 200, answer.content
    assert kept(hilltop)[0].features[0] == 13.9
