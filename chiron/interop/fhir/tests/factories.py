"""Small bundles to try things on, and the place of the outside data."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from django.conf import settings

from chiron.audit.models import Event
from chiron.interop.errors import Refused
from chiron.interop.fhir.bundle import Bundle, parse_bundle
from chiron.interop.fhir.sorting import Sorted, sort_bundle
from chiron.records.models import Record, RecordVersion
from chiron.registry.models import Department, Identifier, Patient, Provider

FILE = "ama.json"
DATA = Path(settings.BASE_DIR).parent / "shared" / "data" / "fhir"
LOINC = "http://loinc.org"

Resource = dict[str, Any]


def synthea() -> list[Path]:
    """The 26 Synthea bundles, which are not part of the project."""
    files = sorted(DATA.glob("synthea_*/*.json"))
    if not files:
        pytest.skip("needs the Synthea bundles in ../shared/data/fhir")
    assert len(files) == 26
    return files


def ama(**changes: Any) -> Resource:
    return {
        "resourceType": "Patient",
        "id": "ama",
        "identifier": [{"system": "urn:mrn:hilltop", "value": "4711", "type": {"coding": [{"code": "MR"}]}}],
        "name": [{"use": "official", "family": "Owusu", "given": ["Ama", "Serwaa"]}],
        "gender": "female",
        "birthDate": "1980-05",
    } | changes


def osei(**changes: Any) -> Resource:
    return {
        "resourceType": "Practitioner",
        "id": "osei",
        "identifier": [{"system": "urn:npi", "value": "77"}],
        "name": [{"family": "Osei", "given": ["Kofi"], "prefix": ["Dr."]}],
    } | changes


def pulse(**changes: Any) -> Resource:
    return {
        "resourceType": "Observation",
        "id": "pulse",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "8867-4", "display": "Heart rate"}]},
        "subject": {"reference": "Patient/ama"},
        "effectiveDateTime": "2024-03-01T09:30:00+01:00",
        "valueQuantity": {"value": 72, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    } | changes


def resource(kind: str, **members: Any) -> Resource:
    return {"resourceType": kind, "id": kind.lower()} | members


def document(*resources: Resource, kind: str = "transaction") -> Resource:
    entries = [
        {"fullUrl": f"urn:uuid:{each['id']}", "resource": each, "request": {"method": "POST", "url": "."}}
        for each in resources
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def parsed(value: Any) -> Bundle:
    return parse_bundle(value if isinstance(value, bytes) else orjson.dumps(value), FILE)


def bundle_of(*resources: Resource) -> Bundle:
    return parsed(document(*resources))


def read(*resources: Resource) -> Sorted:
    return sort_bundle(bundle_of(*resources))


def refusal(value: Any) -> tuple[int | None, str]:
    """Where and why these bytes, or this document, are refused."""
    with pytest.raises(Refused) as refused:
        sort_bundle(parsed(value))
    assert refused.value.file == FILE
    return refused.value.entry, refused.value.reason


def rows() -> dict[str, int]:
    """How many rows of each kind an import may write there are in the organization at hand."""
    models = (Patient, Identifier, Provider, Department, Record, RecordVersion, Event)
    return {model.__name__: model._default_manager.using("clinical").count() for model in models}
