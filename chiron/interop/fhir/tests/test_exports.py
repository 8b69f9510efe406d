"""Bulk exports: NDJSON files of one type each, whose lines refer to each other."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db import OperationalError

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.interop.fhir.bundle import read_bundle
from chiron.interop.fhir.files import import_all
from chiron.interop.fhir.telling import Outcome
from chiron.interop.fhir.tests.factories import Resource, ama, osei, pulse, resource, rows, synthea
from chiron.records.models import Record
from chiron.records.sealing import content_of, text_of
from chiron.registry.models import Patient, Provider
from chiron.tenancy.public import inside
from chiron.vault.public import patient_safe

AMA = {"reference": "Patient/ama"}
KOFI = ama(id="kofi", identifier=[{"system": "urn:mrn:hilltop", "value": "4712"}])


class Export:
    """A folder of NDJSON files, and its import into Hilltop."""

    def __init__(self, clinic: Any, folder: Path) -> None:
        self.clinic = clinic
        self.folder = folder

    def write(self, *resources: Resource | bytes, name: str = "") -> None:
        """Each resource into the file of its type, in the order given."""
        for each in resources:
            raw = each if isinstance(each, bytes) else orjson.dumps(each)
            kind = name or orjson.loads(raw)["resourceType"]
            with (self.folder / f"{kind}.ndjson").open("ab") as file:
                file.write(raw + b"\n")

    def bring(self) -> Outcome:
        outcome = Outcome()
        files = sorted(self.folder.iterdir())
        for step in import_all(by=self.clinic.who[Role.ADMIN], organization_id=self.clinic.id, files=files):
            outcome.add(step.result, step.files)
        return outcome

    def refused(self) -> list[tuple[str, int | None, str]]:
        return [(each.file, each.line, each.reason) for each in self.bring().refused]


@pytest.fixture
def export(hilltop: Any, tmp_path: Path) -> Iterator[Export]:
    with inside(hilltop.id):
        yield Export(hilltop, tmp_path)


def test_lines_of_all_files_come_together_at_their_patient(export: Export) -> None:
    role = resource("PractitionerRole", practitioner={"reference": "Practitioner/osei"}, specialty=[{"text": "Lungs"}])
    given = resource("MedicationRequest", subject=AMA, medicationReference={"reference": "Medication/medication"})
    by_role = pulse(id="by-role", subject=AMA, performer=[{"reference": "PractitionerRole/practitionerrole"}])
    export.write(pulse(subject=AMA, performer=[{"reference": "Practitioner/osei/_history/2"}]), by_role, given)
    export.write(resource("Medication", code={"text": "Aspirin"}), role, osei(), resource("Location", name="Room 1"))
    export.write(ama(), KOFI)

    outcome = export.bring()

    assert outcome.refused == []
    assert (outcome.files, outcome.patients, outcome.tally.total("imported")) == (7, 2, 9)
    patient = Patient.objects.exclude(digest=None).earliest("id")
    safe = patient_safe(export.clinic.id, patient.id)
    provider_id = Provider.objects.latest("id").id
    assert {text_of(each, safe).title: each.author_provider_id for each in Record.objects.filter(patient=patient)} == {
        "Heart rate": provider_id,
        "Aspirin": None,
        "Medication: Aspirin": None,
    }


def test_the_same_export_again_changes_nothing(export: Export) -> None:
    export.write(ama(), KOFI, osei(), pulse(subject=AMA, performer=[{"reference": "Practitioner/osei"}]))
    first = export.bring()
    before = rows()

    again = export.bring()

    assert (first.tally.total("imported"), again.tally.total("unchanged"), again.tally.total()) == (4, 4, 4)
    assert rows() == before | {"Event": before["Event"] + 2}


def test_a_line_that_cannot_be_imported_is_refused_alone_and_told_without_its_content(export: Export) -> None:
    secret = "Serwaa"
    export.write(ama())
    export.write(
        pulse(subject=AMA),
        b'{"resourceType": "' + secret.encode(),
        b"",
        pulse(id="lost", subject={"reference": f"Patient/{secret}"}),
        pulse(subject=AMA, status=secret),
        pulse(id="when", subject=AMA, effectiveDateTime=secret),
        pulse(id="last", subject=AMA),
        resource("Device", id=secret, subject={"identifier": {"value": secret}}),
        name="Observation",
    )

    outcome = export.bring()

    assert [(each.file, each.line, each.entry) for each in outcome.refused] == [
        ("Observation.ndjson", line, None) for line in (2, 5, 4, 6, 8)
    ]
    assert [each.reason for each in outcome.refused] == [
        "The JSON breaks off or is malformed at line 2, column 18 (Unterminated string starting at).",
        "Another entry has the same fullUrl or the same type and id.",
        "The reference at Observation.subject leads to nothing in this file and nothing known.",
        "Observation.effectiveDateTime is not a FHIR date or time.",
        "The Device is about a patient who is neither in this file nor known.",
    ]
    assert secret not in "".join(outcome.told())
    assert outcome.tally.as_data()["Observation"] == {"imported": 2, "updated": 0, "unchanged": 0, "refused": 3}
    assert Record.objects.filter(patient__digest__isnull=False).count() == 2


def test_records_of_a_refused_patient_are_refused_and_those_of_others_are_not(export: Export) -> None:
    export.write(ama(gender="f"), KOFI, ama(id="lost", managingOrganization={"reference": "Organization/nowhere"}))
    of = [pulse(id=each, subject={"reference": f"Patient/{each}"}) for each in ("ama", "kofi", "lost")]
    export.write(*of, resource("Device", id="whose"))

    assert export.refused() == [
        (
            "Patient.ndjson",
            3,
            "The reference at Patient.managingOrganization leads to nothing in this file and nothing known.",
        ),
        ("Device.ndjson", 1, "The Device names no patient, and this file has several."),
        ("Observation.ndjson", 3, "The Observation is about a patient who is refused."),
        ("Patient.ndjson", 1, "Patient.gender is none of FHIR's administrative genders."),
        ("Observation.ndjson", 1, "The Observation is about a patient who is refused."),
    ]
    assert Record.objects.filter(patient__digest__isnull=False).count() == 1


def test_a_patient_whom_the_registry_refuses_leaves_the_others_in(export: Export) -> None:
    both = ama(id="both", identifier=[{"system": "urn:mrn:hilltop", "value": value} for value in ("4711", "4712")])
    of_both = {"reference": "Patient/both"}
    export.write(ama(), KOFI, both, pulse(subject=of_both), pulse(id="b", subject=AMA))
    export.write(resource("Condition", subject=of_both, onsetDateTime="soon"))

    outcome = export.bring()

    [refusal] = outcome.refused
    assert (refusal.file, refusal.line) == ("Patient.ndjson", 3)
    assert refusal.reason.startswith("Another patient of this organization has that identifier.")
    assert (outcome.tally.total("imported"), outcome.tally.total("refused")) == (3, 3)


def test_a_medication_that_several_take_is_told_of_each_and_a_list_of_several_is_refused(export: Export) -> None:
    medicine = {"reference": "Medication/medication"}
    export.write(ama(), KOFI, resource("Medication", code={"text": "Aspirin"}))
    for who in ("ama", "kofi"):
        subject = {"reference": f"Patient/{who}"}
        export.write(resource("MedicationRequest", id=who, subject=subject, medicationReference=medicine))
    items = [{"item": {"reference": f"Patient/{who}"}} for who in ("ama", "kofi")]
    export.write(resource("List", entry=items))

    outcome = export.bring()

    assert [each.reason for each in outcome.refused] == ["The List belongs to several patients."]
    assert outcome.tally.as_data()["Medication"]["imported"] == 2
    assert Record.objects.filter(patient__digest__isnull=False).count() == 4


def test_an_export_of_records_alone_finds_patients_who_are_known_by_number(export: Export) -> None:
    export.write(ama())
    export.bring()
    (export.folder / "Patient.ndjson").unlink()
    by_number = pulse(subject={"identifier": {"system": "urn:mrn:hilltop", "value": "4711"}})
    export.write(by_number, resource("Provenance", target=[{"reference": "Observation/pulse"}]))

    outcome = export.bring()

    assert (outcome.refused, outcome.tally.total("imported"), outcome.patients) == ([], 2, 1)


def test_a_file_that_cannot_be_read_is_refused_and_the_rest_of_the_export_is_not(export: Export) -> None:
    export.write(ama(), pulse(subject=AMA))
    (export.folder / "Zone.ndjson").symlink_to(export.folder / "nowhere")

    assert export.refused() == [("Zone.ndjson", None, "The file cannot be read (No such file or directory).")]
    assert Record.objects.filter(patient__digest__isnull=False).count() == 1


def test_a_line_that_is_too_long_is_refused_and_the_next_is_read(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chiron.interop.fhir.pieces.LONGEST", 2**16)
    export.write(ama(), pulse(subject=AMA, note=[{"text": "x" * 2**18}]), pulse(id="next", subject=AMA))

    [(file, line, reason)] = export.refused()

    assert (file, line, reason.startswith("The line is longer than")) == ("Observation.ndjson", 1, True)
    assert Record.objects.filter(patient__digest__isnull=False).count() == 1


def test_a_file_that_changes_between_the_readings_is_refused(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    export.write(ama(), pulse(subject=AMA))
    steps = import_all(
        by=export.clinic.who[Role.ADMIN], organization_id=export.clinic.id, files=sorted(export.folder.iterdir())
    )
    next(steps)
    before = rows()

    export.write(ama(birthDate="1980-06"))
    (export.folder / "Patient.ndjson").write_bytes(orjson.dumps(ama(birthDate="1980-06")))
    outcome = Outcome()
    for step in steps:
        outcome.add(step.result, step.files)

    assert [each.reason for each in outcome.refused] == ["The file was changed while it was read."]
    assert outcome.tally.total("refused") == outcome.tally.total() == 2
    assert rows() == before


def test_an_export_that_cannot_be_looked_through_is_refused_as_a_whole(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    export.write(ama(), pulse(subject={"reference": "Patient/nobody"}))
    before = rows()

    def broken(organization_id: object, reference: str) -> bool:
        raise OperationalError

    monkeypatch.setattr("chiron.interop.fhir.gathering.is_known", broken)

    assert export.refused() == [
        (
            "Observation.ndjson",
            None,
            "The database was not there or broke off; nothing of this was kept. Start the import again.",
        )
    ]
    assert rows() == before


def test_an_export_is_one_event_a_patient_and_names_nobody(export: Export) -> None:
    export.write(ama(), KOFI, pulse(subject=AMA))
    before = Event.objects.using("clinical").count()

    export.bring()

    events = list(Event.objects.using("clinical").order_by("-id")[:2])
    assert Event.objects.using("clinical").count() == before + 2
    assert {event.action for event in events} == {"record.imported"}
    assert len({tuple(event.subjects) for event in events}) == 2


def test_the_synthea_bundles_as_an_export_bring_what_they_bring_as_bundles(export: Export) -> None:
    originals = Counter[str]()
    seen: dict[str, set[str]] = defaultdict(set)
    for path in synthea():
        ids = {}
        bundle = read_bundle(path)
        for entry in bundle.entries:
            ids[entry.full_url] = f"{entry.resource_type}/{entry.id or entry.full_url.rpartition(':')[2]}"
        for entry in bundle.entries:
            own = ids[entry.full_url]
            if own in seen[entry.resource_type]:
                continue
            seen[entry.resource_type].add(own)
            line = orjson.loads(entry.original) | {"id": own.rpartition("/")[2]}
            text = orjson.dumps(line)
            for url, name in ids.items():
                text = text.replace(b'"' + url.encode() + b'"', b'"' + name.encode() + b'"')
            originals[text.decode()] += 1
            export.write(text)

    outcome = export.bring()

    assert outcome.refused == []
    assert outcome.tally.total("imported") == originals.total()
    kept = Counter[str]()
    for patient in Patient.objects.exclude(digest=None):
        safe = patient_safe(export.clinic.id, patient.id)
        kept[safe.open(patient, "original")] += 1
        kept.update((content_of(each, safe) or b"").decode() for each in Record.objects.filter(patient=patient))
    registered = {"Organization", "Location", "Practitioner", "PractitionerRole"}
    assert kept == Counter(
        {each: n for each, n in originals.items() if orjson.loads(each)["resourceType"] not in registered}
    )
