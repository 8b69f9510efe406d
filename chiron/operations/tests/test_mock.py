from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unicodedata import name

import orjson
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from chiron.interop.fhir.bundle import parse_bundle
from chiron.interop.fhir.sorting import sort_bundle
from chiron.operations.mock.clinic import clinic
from chiron.operations.mock.people import with_check_digit
from chiron.records.models import Record
from chiron.registry.models import Department, Patient, Provider
from chiron.tenancy.public import inside

TODAY = date(2026, 1, 1)


def made(seed: int = 1, patients: int = 30, now: date = TODAY) -> list[bytes]:
    return [orjson.dumps(document) for document in clinic(seed, patients, now)]


def resources(documents: list[bytes]) -> list[dict[str, Any]]:
    return [entry["resource"] for document in documents for entry in orjson.loads(document)["entry"]]


def test_the_same_seed_makes_the_same_clinic_byte_for_byte() -> None:
    assert made() == made()
    assert made(seed=2) != made()


def test_more_patients_leave_the_others_as_they_are() -> None:
    assert made(patients=40)[:31] == made(patients=30)


def test_every_resource_has_an_id_of_its_own() -> None:
    ids = [each["id"] for each in resources(made())]

    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(("number", "with_digit"), [(7_992_739_871, "79927398713"), (0, "00"), (100_000, "1000009")])
def test_a_record_number_ends_with_its_check_digit(number: int, with_digit: str) -> None:
    assert with_check_digit(number) == with_digit


def test_every_patient_has_another_record_number() -> None:
    numbers = [each["identifier"][0]["value"] for each in resources(made(patients=500)) if "birthDate" in each]

    assert len(set(numbers)) == 500


def test_every_bundle_can_be_read_and_says_what_a_clinic_would() -> None:
    kinds = Counter[str]()
    for number, document in enumerate(made(patients=60)):
        found = sort_bundle(parse_bundle(document, str(number)))
        kinds.update(str(each.statement.record_type) for own in found.records.values() for each in own)
        kinds.update(seen.entry.sex for _, seen in found.patients)
        assert len(found.providers) == (8 if number == 0 else 0)

    assert {"male", "female", "OBSERVATION", "LAB_RESULT", "DIAGNOSIS", "PRESCRIPTION", "ALLERGY"} <= set(kinds)
    assert {"IMMUNIZATION", "PROCEDURE", "REPORT", "DOCUMENT", "OTHER"} <= set(kinds)
    assert kinds["LAB_RESULT"] > kinds["DIAGNOSIS"] > 0


def test_nothing_happens_before_birth_or_after_the_last_day() -> None:
    for document in made(patients=60)[1:]:
        patient, *happened = resources([document])
        last = patient.get("deceasedDateTime", TODAY.isoformat())
        days = [each["period"]["start"][:10] for each in happened if each["resourceType"] == "Encounter"]
        assert days == sorted(days)
        assert all(patient["birthDate"] <= day < last for day in days)


def test_the_parts_of_a_blood_count_fit_each_other() -> None:
    found = resources(made(patients=60))
    by_day: dict[tuple[str, str], dict[str, float]] = {}
    for each in found:
        if "valueQuantity" in each:
            values = by_day.setdefault((each["subject"]["reference"], each["effectiveDateTime"]), {})
            values[each["code"]["coding"][0]["code"]] = each["valueQuantity"]["value"]
    counts = [values for values in by_day.values() if "718-7" in values]

    assert len(counts) > 20
    for values in counts:
        assert values["4544-3"] / values["789-8"] * 10 == pytest.approx(values["787-2"], rel=0.02)
        assert values["718-7"] / values["789-8"] * 10 == pytest.approx(values["785-6"], rel=0.02)


def test_names_come_in_several_scripts_with_a_latin_form() -> None:
    patients = [each for each in resources(made(patients=120)) if each["resourceType"] == "Patient"]
    scripts = Counter(script(each["name"][0]["family"]) for each in patients)

    assert set(scripts) == {"LATIN", "CYRILLIC", "ARABIC", "CJK", "DEVANAGARI"}
    assert all(script(each["name"][-1]["family"]) == "LATIN" for each in patients)


def script(word: str) -> str:
    return name(word[0]).split()[0]


def test_the_command_fills_an_organization_and_changes_nothing_the_second_time(
    hilltop: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with inside(hilltop.id):
        before = [model._default_manager.count() for model in (Patient, Provider, Department)]

    for _ in range(2):
        call_command("generate_mock_data", clinic_patients=3, seed=5, organization="hilltop")

    with inside(hilltop.id):
        after = [model._default_manager.count() for model in (Patient, Provider, Department)]
        written = Record.objects.filter(source_key__isnull=False)
        authored = written.exclude(author_provider=None).count()
    first, second = (line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("all"))
    assert [now - then for now, then in zip(after, before, strict=True)] == [3, 8, 5]
    assert int(first[1]) == int(second[3]) > 100
    assert first[2:] == ["0", "0", "0"]
    assert (second[1], second[2], second[4]) == ("0", "0", "0")
    assert authored > 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clinic_patients": -1, "organization": "hilltop"}, "--clinic-patients lies between 0 and 100000."),
        ({"organization": "nowhere"}, "No organization of that name, or several: say which by --organization SLUG."),
        ({}, "No organization of that name, or several: say which by --organization SLUG."),
    ],
)
def test_a_command_that_cannot_be_done_says_why(hilltop: Any, options: Any, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("generate_mock_data", **options)


def test_time_moves_the_clinic_on() -> None:
    assert made(now=TODAY + timedelta(days=400)) != made()


def test_the_clinic_is_written_as_files_that_import_like_any_other(hilltop: Any, tmp_path: Path, capsys: Any) -> None:
    bundles = tmp_path / "bundles"

    call_command("generate_mock_data", clinic_patients=2, seed=5, write=bundles)
    call_command("generate_mock_data", clinic_patients=2, seed=5, organization="hilltop")
    capsys.readouterr()
    call_command("import_fhir", bundles, organization="hilltop", json=True)

    assert sorted(path.name for path in bundles.iterdir()) == [
        "patient00001.json", "patient00002.json", "practitionerInformation.json",
    ]  # fmt: skip
    outcomes = orjson.loads(capsys.readouterr().out)
    assert outcomes["refused"] == []
    with inside(hilltop.id):
        assert Patient.objects.exclude(digest=None).count() == 2
