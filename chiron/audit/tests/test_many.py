"""A long trail: whatever is done to it is found and located, and in time (promise U1)."""

import time
from collections.abc import Callable
from uuid import UUID

import pytest

from chiron.audit.findings import Report
from chiron.audit.proofs import prove_event
from chiron.audit.public import seal
from chiron.audit.tests.factories import examined, officer, rows, told, write_many
from chiron.audit.tests.long import (
    SECTIONS,
    Deed,
    do,
    keep,
    local_deeds,
    put_older_copy,
    rechain,
    restore,
    take_older_copy_away,
)
from chiron.kernel.db import roll_back
from chiron.tenancy.public import inside

Shown = Callable[[str, str], None]


@pytest.mark.parametrize(("events", "seconds"), [(4_000, 30), pytest.param(1_000_000, 60, marks=pytest.mark.stress)])
def test_whatever_is_done_to_a_long_trail_is_found_and_located_in_time(
    clinic: UUID, events: int, seconds: int, worker_prefix: str, shown: Shown
) -> None:
    section, took = events // SECTIONS, [0.0]
    write_many(clinic, events)
    while seal("clinical", clinic, limit=section):
        pass
    keep(clinic)

    def report() -> Report:
        began = time.monotonic()
        found = examined(clinic)
        took.append(time.monotonic() - began)
        return found

    assert report().is_intact
    proving = seconds_to_prove(clinic, events)
    assert proving < 1
    deeds = list(local_deeds(section))
    do(clinic, *deeds)
    found = report().findings
    assert [deed.name for deed in deeds if not any(map(deed.is_told_by, found))] == []
    assert [str(each) for each in found if not any(deed.may_explain(each, section) for deed in deeds)] == []
    restore(clinic)

    end = events - 2 * section - 7
    cut = Deed("truncate the tail", [f"DELETE FROM audit_leaf WHERE seq >= {end}"], "truncated", end)
    do(clinic, cut)
    assert [each for each in told(report()) if each[0] == "truncated"][0][:2] == ("truncated", end)
    restore(clinic)
    rechain(clinic, end)
    assert told(report())[0] == ("edited", None, None, events - 2 * section - 1)
    restore(clinic)
    put_older_copy(clinic, worker_prefix, events // 2)
    assert {(kind, seq) for kind, seq, *_ in told(report())} == {("truncated", events // 2)}
    take_older_copy_away(clinic)
    assert report().is_intact

    assert max(took) < seconds
    shown(
        "U1",
        f"{events:,} events: each of {len(deeds) + 3} kinds of tampering found and located, "
        f"0 findings elsewhere or before and after; verification took at most {max(took):.0f} s, "
        f"a proof {proving * 1000:.0f} ms",
    )


def seconds_to_prove(clinic: UUID, events: int) -> float:
    """How long a proof takes that an event is in the tree, and that the tree extends an older one: the median."""
    took = []
    for seq, since in ((events * 2 // 3, events // 3), (1, events - 1), (events - 1, events // 2 + 1)):
        [[event_id]] = rows(clinic, "SELECT event_id FROM audit_leaf WHERE seq = %s", [seq])
        began = time.monotonic()
        with inside(clinic):
            proof = prove_event(officer(clinic), event_id, "organization", since)
            roll_back("clinical")
        took.append(time.monotonic() - began)
        assert proof.seq == seq
    return sorted(took)[1]
