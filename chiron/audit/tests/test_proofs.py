"""Proofs from the database: of every event, between all sizes, in time, and none where the trail was changed."""

from typing import Any
from uuid import UUID

import pytest

from chiron.audit.errors import NotSealedYet, TrailDamaged
from chiron.audit.models import Event
from chiron.audit.proofs import Proof, Tree, prove_event, read_head
from chiron.audit.public import record, record_platform
from chiron.audit.tests.factories import (
    ALICE,
    BRUNO,
    doctor,
    officer,
    read_patient,
    rows,
    sealed_trail,
    tamper,
)
from chiron.audit.trails import Trail
from chiron.audit.tree import consistency_path, inclusion_path, root_of
from chiron.audit.verifier import is_extended, is_included
from chiron.kernel.access import Caller
from chiron.kernel.db import atomic
from chiron.kernel.errors import Invalid, NotFound, NotPermitted
from chiron.kernel.ids import new_id
from chiron.tenancy.public import inside


def proved(clinic: UUID, event_id: UUID, since: int | None = None) -> Proof:
    with inside(clinic):
        return prove_event(officer(clinic), event_id, "organization", since)


def hashes(clinic: UUID) -> list[bytes]:
    return [bytes(leaf) for [leaf] in rows(clinic, "SELECT hash FROM audit_leaf ORDER BY seq")]


@pytest.mark.parametrize("sections", [(1,), (5,), (1, 1, 1, 1, 1, 1, 1), (2, 6, 3), (8, 8, 5), (3, 4, 1, 9, 2)])
def test_the_root_over_every_part_is_found_from_the_heads(clinic: UUID, sections: tuple[int, ...]) -> None:
    sealed_trail(clinic, *sections)
    leaves, size = hashes(clinic), sum(sections)
    wanted = {part for seq in range(size) for part in inclusion_path(seq, size)}
    wanted |= {part for old in range(1, size + 1) for part in [(0, old), *consistency_path(old, size)]}

    with inside(clinic):
        found = {part: Tree(Trail(clinic)).root(*part) for part in wanted}

    assert found == {(begin, end): root_of(leaves[begin:end]) for begin, end in wanted}


def test_every_event_is_proved_under_the_newest_head_which_extends_every_older_tree(clinic: UUID) -> None:
    events = sealed_trail(clinic, 3, 1, 7)
    leaves = hashes(clinic)

    for seq, event_id in enumerate(events):
        proof = proved(clinic, event_id, since=seq + 1)

        assert (proof.seq, proof.head.size, proof.event.id) == (seq, 11, event_id)
        assert is_included(leaves[seq], seq, 11, proof.path, proof.head.root)
        assert proof.extension is not None
        assert proof.extension.root == root_of(leaves[: seq + 1])
        assert is_extended(seq + 1, 11, proof.extension.path, proof.extension.root, proof.head.root)


def test_asking_for_a_proof_is_an_event_about_the_same_patients_and_reading_the_head_is_none(clinic: UUID) -> None:
    [event_id] = sealed_trail(clinic, 1)

    proved(clinic, event_id)
    with inside(clinic):
        head, extension = read_head(officer(clinic), "organization", 1)
        written = list(Event.objects.using("clinical").order_by("id"))

    assert head is not None
    assert extension is not None
    assert (head.size, extension.path) == (1, [])
    assert [each.action for each in written] == ["patient.read", "audit-proof.read"]
    assert (written[1].resource_id, written[1].subjects) == (event_id, [BRUNO])


def test_what_is_not_sealed_yet_is_said_so(clinic: UUID) -> None:
    sealed_trail(clinic, 2)
    read_patient(clinic)
    [[waiting]] = rows(clinic, "SELECT id FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_leaf)")

    with pytest.raises(NotSealedYet):
        proved(clinic, waiting)

    assert len(rows(clinic, "SELECT id FROM audit_event")) == 3


def test_an_event_elsewhere_and_one_that_never_was_are_both_not_found(hilltop: Any, riverside: Any) -> None:
    with inside(hilltop.id):
        record(doctor(hilltop.id), "patient.read")
    with inside(hilltop.id):
        elsewhere = Event.objects.using("clinical").get(action="patient.read", account_id=ALICE).id

    for event_id in (elsewhere, new_id()):
        with pytest.raises(NotFound):
            proved(riverside.id, event_id)


def test_an_organization_proves_its_own_sign_ins_and_no_others(hilltop: Any, riverside: Any) -> None:
    with atomic("accounts"):
        record_platform(doctor(hilltop.id), "session.opened")
    event_id = Event.objects.using("accounts").get(organization_id=hilltop.id, account_id=ALICE).id

    for clinic, refusal in ((hilltop, NotSealedYet), (riverside, NotFound)):
        with pytest.raises(refusal), inside(clinic.id):
            prove_event(officer(clinic.id), event_id, "platform", None)
    with pytest.raises(NotSealedYet):
        prove_event(Caller(operator=True, account_id=new_id()), event_id, "organization", None)


def test_without_permission_nothing_is_proved(clinic: UUID) -> None:
    [event_id] = sealed_trail(clinic, 1)

    with pytest.raises(NotPermitted), inside(clinic):
        prove_event(doctor(clinic), event_id, "organization", None)
    with pytest.raises(NotPermitted), inside(clinic):
        read_head(doctor(clinic), "organization", None)

    assert len(rows(clinic, "SELECT id FROM audit_event")) == 1


def test_a_size_that_was_never_reached_is_refused(clinic: UUID) -> None:
    [event_id, _] = sealed_trail(clinic, 2)

    with pytest.raises(Invalid):
        proved(clinic, event_id, since=3)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_event SET action = 'x'",
        "UPDATE audit_leaf SET hash = sha256(hash) WHERE seq = 1",
        "UPDATE audit_head SET root = sha256(root)",
        "UPDATE audit_head SET frontier = set_byte(frontier, 3, 7) WHERE size = 3",
    ],
)
def test_nothing_is_proved_from_what_was_changed(clinic: UUID, change: str) -> None:
    events = sealed_trail(clinic, 3, 4)
    tamper(clinic, change)

    with pytest.raises(TrailDamaged):
        proved(clinic, events[4], since=3)
