"""The whole clinic, bundle by bundle."""

from collections.abc import Iterable, Iterator
from datetime import date

from chiron.operations.mock.codes import Json
from chiron.operations.mock.history import history
from chiron.operations.mock.people import figure, staff


def clinic(seed: int, patients: int, now: date) -> Iterator[Json]:
    """A made-up clinic as FHIR R4 transactions: first its places and practitioners, then one bundle a patient.

    The same seed and day make the same bundles, byte for byte; more patients only add bundles. `now` is the day up to
    which things have happened.
    """
    own = staff(seed)
    yield transaction(own.resources)
    for number in range(patients):
        who = figure(seed, number, now)
        yield transaction([who.resource, *history(seed, number, who, own)])


def transaction(resources: Iterable[Json]) -> Json:
    entries = [
        {
            "fullUrl": f"urn:uuid:{resource['id']}",
            "resource": resource,
            "request": {"method": "POST", "url": resource["resourceType"]},
        }
        for resource in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
