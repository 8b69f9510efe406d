"""Booking against its floor: a slot that is free, and one that somebody else has got."""

import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from datetime import timedelta
from itertools import count
from typing import Any

import orjson

from bench.api import Scene, caller, make_scene, product, request, round_of, same
from bench.floor_booking import BookingFloor
from bench.ground import alternating, ratio

MINUTES = 5
A_DAY = 24 * 60 // MINUTES


def measure(rounds: int = 9, calls: int = 100) -> None:
    """Measure in the installation that stands, and print the ratios."""
    from chiron.kernel import log
    from config.wsgi import application

    scene = make_scene(20, slug="bench-booking")
    receive(scene)
    floor, slots = BookingFloor(scene.organization_id, scene.provider_id), slots_of(scene)
    taken = next(slots)
    print(f"Booking, {rounds} alternating rounds of {calls} calls; 1 is as good as the floor")
    print(f"  {'':22}processor time             wall time")
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        log.configure()
        caller(application, taken)()
        for name, next_one in (("a free slot", lambda: next(slots)), ("a taken slot", lambda: taken)):
            own, hand = calling(application, next_one), calling(floor.book, next_one)
            same(name, own(), hand())
            pairs = alternating(rounds, round_of(own, calls, product()), round_of(hand, calls, floor.backends))
            print(f"  {name:22}{ratio(pairs, 'processor'):27}{ratio(pairs, 'wall')}")


def calling(application: Callable[..., Any], next_one: Callable[[], dict[str, Any]]) -> Callable[[], tuple[str, bytes]]:
    """Calls the application with the next request; status and body."""

    def call() -> tuple[str, bytes]:
        return caller(application, next_one())()

    return call


def receive(scene: Scene) -> None:
    """The doctor receives at every hour."""
    from chiron.scheduling.public import WEEKDAYS, Schedule
    from chiron.tenancy.public import inside

    always = dict.fromkeys(WEEKDAYS, [["00:00", "00:00"]])
    with inside(scene.organization_id):
        Schedule.objects.create(
            provider_id=scene.provider_id, time_zone="Europe/Berlin", slot_minutes=MINUTES, weekly=always
        )


def slots_of(scene: Scene) -> Iterator[dict[str, Any]]:
    """Requests for one slot after the other, from next week on."""
    from chiron.kernel.clock import now

    for number in count():
        days, slot = divmod(number, A_DAY)
        at = {
            "appointment_date": str(now().date() + timedelta(days=7 + days)),
            "start_time": f"{slot * MINUTES // 60:02}:{slot * MINUTES % 60:02}",
        }
        whose = {"doctor_id": str(scene.provider_id), "patient_id": str(scene.patient_id)}
        yield request(scene, "POST", "/api/appointments/book", body=orjson.dumps(at | whose))
