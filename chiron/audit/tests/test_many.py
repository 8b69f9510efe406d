"""A long trail: verified in time, and a single changed bit in it is found."""

import random
import time
from uuid import UUID

import pytest

from chiron.audit.public import seal
from chiron.audit.tests.factories import examined, tamper, told, write_many


@pytest.mark.parametrize(("events", "seconds"), [(12_000, 30), pytest.param(1_000_000, 60, marks=pytest.mark.stress)])
def test_one_changed_bit_among_many_events_is_found_in_time(clinic: UUID, events: int, seconds: int) -> None:
    write_many(clinic, events)
    while seal("clinical", clinic):
        pass
    seq = random.randrange(events)
    tamper(
        clinic,
        "UPDATE audit_event SET mac = set_bit(mac, 77, 1 - get_bit(mac, 77))"
        f" WHERE id = (SELECT event_id FROM audit_leaf WHERE seq = {seq})",
    )
    began = time.monotonic()

    report = examined(clinic)

    assert time.monotonic() - began < seconds
    assert report.leaves == events
    assert [(kind, found) for kind, found, *_ in told(report)] == [("edited", seq)]
