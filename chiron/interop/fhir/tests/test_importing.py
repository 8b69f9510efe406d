from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from chiron.audit.models import Event
from chiron.audit.payloads import said_by
from chiron.audit.trails import Trail
from chiron.identity.public import Role
from chiron.interop.errors import Refused
from chiron.interop.fhir.bundle import Bundle, read_bundle
from chiron.interop.fhir.files import import_all
from chiron.interop.fhir.importing import import_bundle
from chiron.interop.fhir.report import Report
from chiron.interop.fhir.tests.factories import Resource, ama, bundle_of, document, osei, pulse, resource, rows, synthea
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import NotPermitted
from chiron.records.models import Record, RecordVersion
from chiron.records.sealing import content_of, text_of
from chiron.registry.models import Patient, Provider
from chiron.tenancy.public import inside
from chiron.vault.public import organization_safe, patient_safe


class Door:
    """The import into Hilltop, by its administrator."""

    def __init__(self, clinic: Any) -> None:
        self.clinic = clinic
        self.admin: Caller = clinic.who[Role.ADMIN]

    def bring(self, bundle: Bundle, by: Caller | None = None) -> Report:
        return import_bundle(by=by or self.admin, organization_id=self.clinic.id, bundle=bundle, now=now())

    def take(self, folder: Path) -> list[Report | Refused]:
        steps = import_all(by=self.admin, organization_id=self.clinic.id, files=sorted(folder.iterdir()))
        return [step.result for step in steps]

    def read(self, *resources: Resource) -> Report:
        return self.bring(bundle_of(*resources))


@pytest.fixture
def door(hilltop: Any) -> Iterator[Door]:
    with inside(hilltop.id):
        yield Door(hilltop)


def test_a_bundle_becomes_rows_and_records_of_its_patient(door: Door) -> None:
    site = resource("Organization", name="Hilltop")
    before = rows()

    bundle = bundle_of(ama(), osei(), site, pulse(performer=[{"reference": "Practitioner/osei"}]))
    report = door.bring(bundle)

    assert report.tally.as_data() == {
        kind: {"imported": 1, "updated": 0, "unchanged": 0, "refused": 0}
        for kind in ("Observation", "Organization", "Patient", "Practitioner")
    }
    [patient_id] = report.patient_ids
    record = Record.objects.get(patient_id=patient_id)
    safe = patient_safe(door.clinic.id, patient_id)
    assert text_of(record, safe).title == "Heart rate"
    assert content_of(record, safe) == bundle.entries[3].original.encode()
    assert record.author_provider_id == Provider.objects.latest("id").id
    assert {name: number - before[name] for name, number in rows().items()} == {
        "Patient": 1,
        "Identifier": 1,
        "Provider": 1,
        "Department": 1,
        "Record": 1,
        "RecordVersion": 0,
        "Event": 2,
    }


def test_the_same_bundle_again_changes_nothing(door: Door) -> None:
    everything = (ama(), osei(), resource("Organization", name="Hilltop"), pulse())
    first = door.read(*everything)
    before = rows()

    again = door.read(*everything)

    assert again.patient_ids == first.patient_ids
    assert (again.tally.total("unchanged"), again.tally.total()) == (4, 4)
    assert rows() == before | {"Event": before["Event"] + 1}


def test_what_a_source_says_anew_is_updated_and_what_it_said_is_kept(door: Door) -> None:
    [patient_id] = door.read(ama(), pulse(), resource("Device")).patient_ids

    again = door.read(ama(birthDate="1980-05-17"), pulse(valueQuantity={"value": 80}), resource("Device"))

    assert again.patient_ids == (patient_id,)
    assert (again.tally.total("updated"), again.tally.total("unchanged")) == (2, 1)
    record = Record.objects.get(patient_id=patient_id, resource_type="Observation")
    assert (record.version, record.quantity_value) == (2, 80)
    assert RecordVersion.objects.filter(record=record).count() == 2
    assert str(Patient.objects.get(id=patient_id).birth_date) == "1980-05-17"


def test_a_provider_mentioned_in_passing_is_not_forgotten_by_half(door: Door) -> None:
    known_well = osei(qualification=[{"code": {"text": "MD"}}])
    outcomes = [door.read(each).tally.as_data()["Practitioner"] for each in (osei(), known_well, osei(), known_well)]

    assert [next(word for word, number in outcome.items() if number) for outcome in outcomes] == [
        "imported",
        "updated",
        "unchanged",
        "unchanged",
    ]
    provider = Provider.objects.latest("id")
    assert "MD" in organization_safe(door.clinic.id).open(provider, "original")


@pytest.mark.parametrize("reference", ["Practitioner?identifier=urn:npi|77", "Practitioner?identifier=urn%3Anpi%7C77"])
def test_an_author_is_found_by_number_in_the_bundle_or_from_an_earlier_one(door: Door, reference: str) -> None:
    written = pulse(performer=[{"reference": "Practitioner?identifier=urn:npi|78"}, {"reference": reference}])

    door.read(osei())
    [patient_id] = door.read(ama(), written).patient_ids
    later = door.read(ama(), osei(), written)

    assert later.tally.total("unchanged") == 3
    assert Record.objects.get(patient_id=patient_id).author_provider_id == Provider.objects.latest("id").id


def test_the_same_id_of_two_patients_makes_two_records(door: Door) -> None:
    kofi = ama(id="kofi", identifier=[{"system": "urn:mrn:hilltop", "value": "4712"}])

    door.read(ama(), pulse())
    report = door.read(kofi, pulse(subject={"reference": "Patient/kofi"}))

    assert report.tally.total("imported") == 2


def test_records_about_a_patient_of_an_earlier_import_find_their_way_by_number(door: Door) -> None:
    [patient_id] = door.read(ama()).patient_ids
    later = pulse(subject={"reference": "Patient?identifier=urn%3Amrn%3Ahilltop|4711"})

    report = door.read(later)

    assert (report.patient_ids, report.tally.total("imported")) == ((patient_id,), 1)
    assert door.read(later, resource("Device")).tally.as_data()["Observation"]["unchanged"] == 1
    assert Record.objects.filter(patient_id=patient_id).count() == 2


def test_a_file_may_refer_to_a_patient_without_numbers_who_is_known(door: Door, tmp_path: Path) -> None:
    nameless = ama(identifier=[])
    (tmp_path / "1.json").write_bytes(orjson.dumps(document(nameless)))
    (tmp_path / "2.json").write_bytes(orjson.dumps(document(pulse(subject={"reference": "urn:uuid:ama"}))))
    (tmp_path / "3.json").write_bytes(orjson.dumps(document(pulse(subject={"reference": "urn:uuid:kofi"}))))

    results = door.take(tmp_path)

    first, second, third = results
    assert isinstance(first, Report)
    assert isinstance(second, Report)
    assert second.patient_ids == first.patient_ids
    assert isinstance(third, Refused)
    assert third.entry == 0


@pytest.mark.parametrize("known", [osei(identifier=[]), resource("Location", id="osei", name="Room 1")])
def test_a_file_may_refer_to_a_provider_or_place_without_numbers_who_is_known(
    door: Door, tmp_path: Path, known: Resource
) -> None:
    reference = f"{known['resourceType']}/osei"
    (tmp_path / "1.json").write_bytes(orjson.dumps(known))
    (tmp_path / "2.json").write_bytes(orjson.dumps(document(ama(), pulse(performer=[{"reference": reference}]))))

    results = door.take(tmp_path)

    assert all(isinstance(result, Report) for result in results)
    author_id = Record.objects.latest("id").author_provider_id
    assert (author_id is not None) == (known["resourceType"] == "Practitioner")


def test_resources_without_a_name_are_known_by_what_they_say(door: Door) -> None:
    bundle = bundle_of(ama(), pulse(), pulse(id="b"))
    nameless = Bundle(bundle.file, bundle.digest, tuple(without_name(entry) for entry in bundle.entries), bundle.index)

    assert door.bring(nameless).tally.total("imported") == 3
    assert door.bring(nameless).tally.total("unchanged") == 3


def without_name(entry: Any) -> Any:
    if entry.resource_type == "Patient":
        return entry
    return replace(entry, full_url="", id="", original='{"resourceType":"Observation"}')


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ((ama(), pulse(), resource("Condition", onsetDateTime="soon")), "Condition.onsetDateTime is not a FHIR date"),
        (
            (ama(), resource("Device"), pulse(subject={"reference": "Patient?identifier=urn:mrn:hilltop|9"})),
            "The Observation is about a patient who is neither in this file nor known.",
        ),
        (
            (
                ama(),
                ama(id="kofi", identifier=[{"system": "urn:mrn:hilltop", "value": "4712"}]),
                ama(id="both", identifier=[{"system": "urn:mrn:hilltop", "value": v} for v in ("4711", "4712")]),
            ),
            "Another patient of this organization has that identifier.",
        ),
    ],
)
def test_a_refused_bundle_leaves_nothing_behind(door: Door, broken: Any, reason: str) -> None:
    before = rows()

    with pytest.raises(Refused) as refused:
        door.read(*broken)

    assert refused.value.reason.startswith(reason)
    assert refused.value.tally.total("refused") == refused.value.tally.total() == 3
    assert rows() == before


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_an_administrator_imports(door: Door, role: Role) -> None:
    before = rows()

    with pytest.raises(NotPermitted):
        door.bring(bundle_of(ama(), pulse()), by=door.clinic.who[role])

    assert rows() == before


def test_an_import_is_one_event_a_patient_and_names_nobody(door: Door) -> None:
    kofi = ama(id="kofi", identifier=[{"system": "urn:mrn:hilltop", "value": "4712"}])

    report = door.read(ama(), kofi, pulse())

    events = list(Event.objects.using("clinical").order_by("-id")[:2])
    assert {event.action for event in events} == {"record.imported"}
    assert {tuple(event.subjects) for event in events} == {(each,) for each in report.patient_ids}
    payloads = [said["details"] for said in said_by(Trail(door.clinic.id), events)]
    assert all(len(payload.pop("source")) == 64 for payload in payloads)
    assert {payload.get("created", 0) for payload in payloads} == {0, 1}


def test_every_synthea_bundle_comes_in_and_comes_in_once(door: Door) -> None:
    bundles = [read_bundle(path) for path in synthea()]

    first = [door.bring(bundle) for bundle in bundles]
    before = rows()
    again = [door.bring(bundle) for bundle in bundles]

    assert sum(report.tally.total("imported", "updated", "unchanged") for report in first) == 5182
    assert [(report.file, report.tally.total("imported", "updated")) for report in again] == [
        (bundle.file, 0) for bundle in bundles
    ]
    assert rows() == before | {"Event": before["Event"] + 25}
