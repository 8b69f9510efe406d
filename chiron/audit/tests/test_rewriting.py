"""Somebody who holds the database and the signing key writes history anew (promise U2)."""

import random
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from chiron.audit.canonical import event_bytes
from chiron.audit.copies import path_of
from chiron.audit.heads import signed_head
from chiron.audit.models import Event
from chiron.audit.signing import mac_of
from chiron.audit.tests.factories import examined, rows, sealed_trail, told, unguarded
from chiron.audit.tests.long import keep, restore
from chiron.audit.tree import Frontier, leaf_hash
from chiron.tenancy.public import inside

HEADS, EACH, WITNESSED = 24, 4, 18


@pytest.mark.parametrize("times", [12, pytest.param(300, marks=pytest.mark.stress)])
def test_what_is_older_than_the_last_witnessed_head_is_rewritten_by_nobody_unseen(
    clinic: UUID, times: int, shown: Callable[[str, str], None]
) -> None:
    sealed_trail(clinic, *[EACH] * HEADS)
    keep(clinic)
    copies, found, young = path_of(str(clinic)), 0, 0
    witnessed = b"".join(copies.read_bytes().splitlines(keepends=True)[:WITNESSED])

    for seq in random.choices(range(HEADS * EACH), k=times):
        rewrite(clinic, seq)
        copies.unlink(missing_ok=True)
        alone = examined(clinic, bound=timedelta(0))
        assert [kind for kind, *_ in told(alone)] == ["unwitnessed"], "the new history is whole in itself"
        copies.write_bytes(witnessed)
        findings = told(examined(clinic))
        restore(clinic)
        if seq < WITNESSED * EACH:
            assert findings[:1] == [("contradicted", None, None, (seq // EACH + 1) * EACH)]
            found += 1
        else:
            assert findings == []
            young += 1

    assert examined(clinic).is_intact
    shown(
        "U2",
        f"{found} of {found} rewritings of what a witnessed head covers found and located, by one with database "
        f"and signing key; {young} of what was younger than the last witnessed head (20 s) went unseen, as expected",
    )


def rewrite(clinic: UUID, seq: int) -> None:
    """Change one event, and compute and sign everything that stands on it anew."""
    [[event_id]] = rows(clinic, "SELECT event_id FROM audit_leaf WHERE seq = %s", [seq])
    with inside(clinic):
        event = Event.objects.using("clinical").get(pk=event_id)
    event.action = "patient.deleted"
    content = event_bytes(event)
    event.mac = mac_of(clinic, content)
    leaves = [bytes(leaf) for [leaf] in rows(clinic, "SELECT hash FROM audit_leaf ORDER BY seq")]
    leaves[seq] = leaf_hash(content + event.mac)
    heads = rows(clinic, "SELECT size, at, previous FROM audit_head WHERE size > %s ORDER BY size", [seq])
    previous = bytes(heads[0][2])
    with unguarded(clinic) as held:
        held.execute("UPDATE audit_event SET action = %s, mac = %s WHERE id = %s", [event.action, event.mac, event.id])
        held.execute("UPDATE audit_leaf SET hash = %s WHERE seq = %s", [leaves[seq], seq])
        for size, at, _ in heads:
            frontier = Frontier().extended(leaves[:size])
            head = signed_head(clinic, frontier, previous, at)
            held.execute(
                "UPDATE audit_head SET root = %s, previous = %s, signature = %s, frontier = %s WHERE size = %s",
                [head.root, head.previous, head.signature, frontier.to_bytes(), size],
            )
            previous = head.digest
