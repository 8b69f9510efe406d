from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from chiron.interop.fhir.bundle import read_bundle
from chiron.interop.fhir.sorting import Sorted, sort_bundle
from chiron.interop.fhir.tests.factories import ama, document, osei, pulse, read, refusal, resource, synthea
from chiron.registry.public import Person, Sex

KOFI = {"id": "kofi", "identifier": [{"system": "urn:mrn:hilltop", "value": "4712"}]}


def test_a_patient_is_read_with_names_numbers_and_a_partial_birth_date() -> None:
    [(entry, seen)] = read(
        ama(
            name=[
                {"use": "maiden", "family": "Mensah"},
                {"use": "official", "family": "Owusu", "given": ["Ama", "Serwaa"], "prefix": ["Ms."]},
            ],
            telecom=[{"system": "phone", "value": "030 1234", "use": "home"}, {"system": "email"}],
            address=[{"line": ["1 Hill Road"], "city": "Kumasi", "postalCode": "AK-000"}],
            communication=[{"language": {"coding": [{"code": "tw"}]}}],
        )
    ).patients

    assert seen.entry.person == Person(
        family="Owusu",
        given=["Ama", "Serwaa"],
        prefix="Ms.",
        other_names=["Mensah"],
        telecom=[{"system": "phone", "value": "030 1234", "use": "home"}],
        address=[{"line": ["1 Hill Road"], "city": "Kumasi", "postal_code": "AK-000", "state": "", "country": ""}],
        language="tw",
    )
    assert (str(seen.entry.born), seen.entry.sex, seen.entry.deceased) == ("1980-05", Sex.FEMALE, False)
    assert seen.entry.identifiers == [("urn:mrn:hilltop", "4711", "MR")]
    assert seen.original == entry.original.encode()


@pytest.mark.parametrize(
    ("members", "died", "at"),
    [
        ({"deceasedBoolean": True}, True, None),
        ({"deceasedDateTime": "2020"}, True, None),
        ({"deceasedDateTime": "2020-05-01"}, True, datetime(2020, 5, 1, tzinfo=UTC)),
        ({"deceasedBoolean": False}, False, None),
    ],
)
def test_a_death_is_dated_only_where_its_day_is_known(members: Any, died: bool, at: datetime | None) -> None:
    [(_, seen)] = read(ama(**members)).patients

    assert (seen.entry.deceased, seen.entry.deceased_at) == (died, at)


def test_a_patient_without_numbers_is_known_by_the_name_the_source_gives() -> None:
    [(_, seen)] = read(ama(identifier=[])).patients

    assert seen.entry.identifiers == [("urn:ietf:rfc:3986", "urn:uuid:ama", "")]


def test_a_practitioner_takes_role_and_specialty_from_its_roles() -> None:
    role = resource(
        "PractitionerRole",
        practitioner={"reference": "Practitioner/osei"},
        code=[{"text": "Nurse"}],
        specialty=[{"text": "Cardiology"}],
    )

    found = read(osei(), role)

    [(_, seen)] = found.providers
    assert (seen.key, seen.role, seen.specialty) == ("Practitioner|urn:npi|77", "nurse", "Cardiology")
    assert seen.person == Person(family="Osei", given=["Kofi"], prefix="Dr.")
    assert [(role.index, who.index) for role, who in found.roles] == [(1, 0)]
    assert b'"family":"Osei"' in seen.original
    assert b'"text":"Cardiology"' in seen.original


def test_organizations_and_locations_are_places() -> None:
    found = read(
        resource("Organization", name="Hilltop"),
        resource("Organization", id="ward", name="Ward", type=[{"coding": [{"code": "dept"}]}]),
        resource("Location", name="Room 1", status="inactive"),
    )

    assert [(seen.kind, seen.name, seen.active) for _, seen in found.places] == [
        ("site", "Hilltop", True),
        ("department", "Ward", True),
        ("location", "Room 1", False),
    ]


def owned(found: Sorted) -> dict[int, list[str]]:
    return {patient: [seen.entry.id for seen in records] for patient, records in found.records.items()}


def test_each_record_goes_to_its_own_patient() -> None:
    of_kofi = pulse(id="other", subject={"reference": "urn:uuid:kofi"})

    assert owned(read(ama(), ama(**KOFI), pulse(), of_kofi)) == {0: ["pulse"], 1: ["other"]}


def test_a_resource_without_a_patient_goes_with_what_it_points_at_or_what_points_at_it() -> None:
    medicine = resource("Medication")
    given = resource(
        "MedicationRequest",
        subject={"reference": "Patient/ama"},
        medicationReference={"reference": "Medication/medication"},
    )
    provenance = resource("Provenance", target=[{"reference": "Observation/pulse"}])

    found = owned(read(ama(), ama(**KOFI), pulse(), medicine, given, provenance))

    assert found == {0: ["pulse", "medication", "medicationrequest", "provenance"], 1: []}


@pytest.mark.parametrize(
    "reference", ["https://elsewhere.example/Patient/9", "Patient?identifier=urn:mrn:hilltop|9", "Patient?_id=9"]
)
def test_a_record_about_a_patient_of_elsewhere_is_not_given_to_the_only_patient_here(reference: str) -> None:
    found = read(ama(), pulse(subject={"reference": reference}), resource("Device"))

    assert owned(found) == {0: ["device"]}
    assert {name: [each.entry.id for each in own] for name, own in found.elsewhere.items()} == {reference: ["pulse"]}


def test_a_resource_beside_a_patient_of_elsewhere_goes_with_the_patient_it_points_at() -> None:
    reference = "https://elsewhere.example/Patient/9"

    found = read(ama(), resource("Provenance", target=[{"reference": reference}]))

    assert (owned(found), list(found.elsewhere)) == ({0: []}, [reference])


@pytest.mark.parametrize(
    "subject",
    [
        {"identifier": {"system": "urn:mrn:hilltop", "value": " 4712 "}},
        {"type": "Patient", "identifier": {"system": "urn:mrn:hilltop", "value": "4712"}},
        {"reference": "#who"},
    ],
)
def test_a_record_finds_its_patient_by_an_identifier_alone(subject: Any) -> None:
    inside = {"resourceType": "Patient", "id": "who", "identifier": [{"system": "urn:mrn:hilltop", "value": "4712"}]}

    found = read(ama(), ama(**KOFI), pulse(subject=subject, contained=[inside]))

    assert owned(found) == {0: [], 1: ["pulse"]}


def test_a_contained_patient_without_a_number_could_be_anybody() -> None:
    inside = {"resourceType": "Patient", "id": "who", "name": [{"family": "Owusu"}]}

    told = refusal(document(ama(), pulse(subject={"reference": "#who"}, contained=[inside])))

    assert told == (1, "Observation is about a contained patient without an identifier.")


def test_an_identifier_of_something_else_names_no_patient() -> None:
    device = {"type": "Device", "identifier": {"system": "urn:mrn:hilltop", "value": "4712"}}

    assert owned(read(ama(), pulse(subject=device))) == {0: ["pulse"]}


def test_a_record_finds_its_patient_by_number_in_the_file() -> None:
    by_number = pulse(subject={"reference": "Patient?identifier=urn:mrn:hilltop|4712"})

    assert owned(read(ama(), ama(**KOFI), by_number)) == {0: [], 1: ["pulse"]}


def test_a_lonely_resource_goes_to_the_only_patient() -> None:
    assert owned(read(ama(), resource("Device"))) == {0: ["device"]}


@pytest.mark.parametrize(
    ("broken", "entry", "reason"),
    [
        ((ama(), ama(**KOFI), resource("Device")), 2, "The Device names no patient, and this file has several."),
        (
            (
                ama(),
                ama(**KOFI),
                resource("Person", link=[{"target": {"reference": f"Patient/{each}"}} for each in ("ama", "kofi")]),
            ),
            2,
            "The Person belongs to several patients.",
        ),
        ((resource("Device"),), 0, "The Device names no patient, and this file has none."),
        ((ama(gender="f"),), 0, "Patient.gender is none of FHIR's administrative genders."),
        ((ama(birthDate="1980-13"),), 0, "Patient.birthDate is not a date of a birth."),
        ((resource("Organization"),), 0, "Organization.name is missing."),
        ((resource("PractitionerRole"),), 0, "PractitionerRole.practitioner is not in this file."),
    ],
)
def test_what_belongs_nowhere_refuses_the_file(broken: Any, entry: int, reason: str) -> None:
    found, told = refusal(document(*broken))

    assert found == entry
    assert told.startswith(reason)


def test_every_resource_of_the_synthea_bundles_has_its_place_and_its_original() -> None:
    places = Counter[str]()
    types = Counter[str]()

    for path in synthea():
        bundle = read_bundle(path)
        found = sort_bundle(bundle)
        kept = {entry.index: seen.original for entry, seen in found.patients}
        kept |= {entry.index: seen.original for entry, seen in found.providers}
        kept |= {entry.index: seen.original for entry, seen in found.places}
        kept |= {each.entry.index: each.statement.content or b"" for own in found.records.values() for each in own}
        assert kept == {entry.index: entry.original.encode() for entry in bundle.entries}
        places.update(str(each.statement.record_type) for own in found.records.values() for each in own)
        types.update(entry.resource_type for entry in bundle.entries)

    assert types.total() == 5182
    assert types["Patient"] == 25
    assert types["Practitioner"] == 124
    assert types["Organization"] == 22
    assert places == {
        "OBSERVATION": 1102,
        "LAB_RESULT": 1410,
        "DIAGNOSIS": 84,
        "PRESCRIPTION": 85,
        "ALLERGY": 3,
        "IMMUNIZATION": 384,
        "PROCEDURE": 133,
        "REPORT": 288,
        "DOCUMENT": 132,
        "OTHER": 419 + 504 + 419 + 24 + 20 + 4,
    }


def test_the_originals_are_cut_out_of_the_file_byte_for_byte() -> None:
    path = synthea()[0]
    text = path.read_text()

    assert all(entry.original in text for entry in read_bundle(path).entries)
