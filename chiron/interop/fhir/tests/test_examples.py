"""Files that others made, some of them wrong on purpose: each is imported, or refused for what is true of it."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chiron.identity.public import Role
from chiron.interop.errors import Refused
from chiron.interop.fhir.files import files_in, import_all
from chiron.interop.fhir.report import Tally
from chiron.interop.fhir.telling import Outcome
from chiron.interop.fhir.tests.factories import DATA, rows
from chiron.tenancy.public import inside

REASONS = {
    "not JSON": r"The JSON breaks off or is malformed at line \d+, column \d+ \(.+\)\.|The file is XML.+",
    "not a bundle to import": r"The Bundle (has no type|is neither a transaction nor a collection)\.",
    "not to be written": r"A transaction's entry must have request\.method POST or PUT to be imported\.",
    "twice": r"Another entry has the same fullUrl or the same type and id\.",
    "leads nowhere": r"The reference at [A-Z]\w+(\.\w+|\[\d+\])+ leads to nothing in this file and nothing known\.",
    "nobody's": r"The [A-Z]\w+ names no patient, and this file has none\.",
    "several patients'": r"The [A-Z]\w+ belongs to several patients\.",
    "of an unknown patient": r"The [A-Z]\w+ is about a patient who is neither in this file nor known\.",
    "too many digits": r"Observation\.component\.valueQuantity\.value has more digits than can be stored\.",
}
WRONG_ON_PURPOSE = {
    "Bundle-TransactionWithInvalidBundleEntry.json": "not JSON",
    "Bundle-TransactionWithInvalidResourceType.json": "nobody's",
    "Bundle-TypeMissing.json": "not a bundle to import",
    "Bundle-BatchWithInvalidEleEnums.json": "not a bundle to import",
    "Bundle-TransactionForRollBackWithDelete.json": "not to be written",
    "Bundle-TransactionWithPOSTFullUrlMatchesWithPUTRequestUrl.json": "twice",
    "Bundle-TransactionWithForeignReferenceInResourceBody.json": "leads nowhere",
    "InvalidCompartmentDefinition.json": "twice",
    "ObservationWithInvalidDecimalSpecification.json": "leads nowhere",
    "Observation-decimal.json": "too many digits",
    "Patient.xml": "not JSON",
}


@pytest.mark.parametrize(
    ("folder", "outcomes"),
    [
        ("synthea_smart", {"imported": 22}),
        ("synthea_google_hiv", {"imported": 4}),
        (
            "msfhirserver_Normative",
            {
                "imported": 5,
                "leads nowhere": 15,
                "nobody's": 22,
                "leads nowhere, not JSON, twice": 1,
                "not JSON": 3,
                "not a bundle to import": 6,
                "not to be written": 3,
                "twice": 1,
            },
        ),
        (
            "msfhirserver_R4",
            {
                "imported": 2,
                "leads nowhere": 56,
                "nobody's": 25,
                "not JSON": 3,
                "of an unknown patient": 1,
                "twice": 1,
            },
        ),
        (
            "official_r4_examples",
            {
                "imported": 16,
                "leads nowhere": 263,
                "nobody's": 97,
                "not a bundle to import": 3,
                "not to be written": 1,
                "of an unknown patient": 2,
                "several patients'": 1,
                "too many digits": 1,
            },
        ),
    ],
)
def test_each_file_is_imported_or_refused_for_a_true_reason(
    hilltop: Any, folder: str, outcomes: dict[str, int]
) -> None:
    files = files_of(DATA / folder)
    found = Counter[str]()

    with inside(hilltop.id):
        before = rows()
        for file in files:
            outcome = told(hilltop, file)
            found[outcome] += 1
            assert WRONG_ON_PURPOSE.get(file.name, outcome) == outcome, file.name
            assert outcome == "imported" or rows() == before, file.name
            before = rows()

    assert found == outcomes


def told(clinic: Any, file: Path) -> str:
    """That a file was imported, or the categories of why it, or the lines of it, were not."""
    outcome = Outcome()
    for step in import_all(by=clinic.who[Role.ADMIN], organization_id=clinic.id, files=[file]):
        outcome.add(step.result, step.files)
    assert outcome.files == 1
    return ", ".join(sorted({category(each.reason) for each in outcome.refused})) or "imported"


@pytest.mark.parametrize("folder", ["synthea_google_hiv", "msfhirserver_Normative", "msfhirserver_R4"])
def test_a_bundle_read_piece_by_piece_ends_as_one_read_at_once(
    hilltop: Any, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles = [file for file in files_of(DATA / folder) if b'"Bundle"' in file.read_bytes()]

    with inside(hilltop.id):
        at_once = brought(hilltop, bundles)
        before = rows()
        monkeypatch.setattr("chiron.interop.fhir.files.LARGE", -1)
        piece_by_piece = brought(hilltop, bundles)

        assert [(file, found) for file, found, _ in piece_by_piece] == [(file, found) for file, found, _ in at_once]
        assert sum(tally.total("imported", "updated") for _, _, tally in piece_by_piece) == 0
        assert rows() | {"Event": 0} == before | {"Event": 0}


def brought(clinic: Any, files: list[Path]) -> list[tuple[str, str, Tally]]:
    steps = import_all(by=clinic.who[Role.ADMIN], organization_id=clinic.id, files=files)
    results = [(file.name, step.result) for file, step in zip(files, steps, strict=True)]
    return [
        (name, each.reason if isinstance(each, Refused) else str(each.tally.total()), each.tally)
        for name, each in results
    ]


def files_of(folder: Path) -> list[Path]:
    if not folder.is_dir():
        pytest.skip("needs the files of ../shared/data/fhir")
    return files_in(sorted(folder.iterdir()))


def category(reason: str) -> str:
    """The category of a reason; one of none is told as it stands."""
    return next((name for name, pattern in REASONS.items() if re.fullmatch(pattern, reason)), reason)
