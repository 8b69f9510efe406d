"""Imports that write about each other's patients."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connections

from chiron.identity.public import Role
from chiron.interop.fhir.importing import import_bundle
from chiron.interop.fhir.tests.factories import Resource, ama, bundle_of, pulse
from chiron.kernel.clock import now
from tests.town import Clinic

ROUNDS = 6


def patient(number: str, said: int) -> Resource:
    name = [{"family": "Owusu", "given": [f"Ama the {said}th"]}]
    return ama(id=f"ama-{number}", name=name, identifier=[{"system": "urn:mrn:hilltop", "value": number}])


def about(number: str, said: int) -> list[Resource]:
    subject = {"reference": f"Patient?identifier=urn:mrn:hilltop|{number}"}
    return [pulse(id=f"pulse-{number}-{said}-{each}", subject=subject) for each in range(5)]


def test_two_that_write_about_each_others_patients_never_wait_in_a_circle(lakeside: Clinic) -> None:
    numbers, barrier = ("1", "2"), Barrier(2)

    def bring(number: str, other: str, said: int) -> Any:
        bundle = bundle_of(patient(number, said), *(about(other, said) if said else []))
        return import_bundle(by=lakeside.who[Role.ADMIN], organization_id=lakeside.id, bundle=bundle, now=now())

    def again_and_again(number: str, other: str) -> int:
        try:
            for said in range(1, ROUNDS):
                barrier.wait(10)
                bring(number, other, said)
        finally:
            connections.close_all()
        return said

    for number in numbers:
        bring(number, "", 0)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(again_and_again, numbers, reversed(numbers)))

    assert done == [ROUNDS - 1] * 2
