"""Whatever is done to a trail behind Chiron's back is found and named."""

from datetime import timedelta
from uuid import UUID

import pytest

from chiron.audit.canonical import event_bytes
from chiron.audit.copies import path_of
from chiron.audit.models import Event
from chiron.audit.public import seal
from chiron.audit.signing import mac_of
from chiron.audit.tests.factories import examined, forged, owner, read_patient, rows, sealed_trail, tamper, told
from chiron.audit.tree import leaf_hash
from chiron.tenancy.public import inside


def test_an_untouched_trail_is_intact(clinic: UUID) -> None:
    sealed_trail(clinic, 3, 1, 4)
    read_patient(clinic)

    report = examined(clinic)

    assert told(report) == []
    assert report.is_intact
    assert (report.events, report.leaves, report.heads, report.copies) == (9, 8, 3, 3)


def test_an_empty_trail_is_intact(clinic: UUID) -> None:
    assert examined(clinic).is_intact


@pytest.mark.parametrize(
    "change",
    [
        "account_id = gen_random_uuid()",
        "action = 'patient.created'",
        "at = at + interval '1 microsecond'",
        "outcome = 'denied'",
        "subjects = '{}'",
        "roles = '{ADMIN}'",
        "payload = '\\x00'",
        "mac = sha256(mac)",
    ],
)
def test_an_edited_event_is_found(clinic: UUID, change: str) -> None:
    events = sealed_trail(clinic, 3, 4, 2)
    tamper(clinic, f"UPDATE audit_event SET {change} WHERE id = '{events[4]}'")

    assert told(examined(clinic)) == [("edited", 4, events[4], None)]


def test_an_event_that_was_replaced_with_the_key_is_found(clinic: UUID) -> None:
    events = sealed_trail(clinic, 3, 4)
    tamper(
        clinic,
        f"UPDATE audit_event SET action = 'x', mac = '\\x{mac_for(clinic, events[4], 'x')}' WHERE id = '{events[4]}'",
    )

    assert told(examined(clinic)) == [("edited", 4, events[4], None)]


def test_an_event_that_was_replaced_with_its_leaf_is_found(clinic: UUID) -> None:
    events = sealed_trail(clinic, 3, 4)
    mac = mac_for(clinic, events[4], "x")
    leaf = leaf_hash(event_bytes(changed(clinic, events[4], "x")) + bytes.fromhex(mac)).hex()
    tamper(
        clinic,
        f"UPDATE audit_event SET action = 'x', mac = '\\x{mac}' WHERE id = '{events[4]}'",
        f"UPDATE audit_leaf SET hash = '\\x{leaf}' WHERE seq = 4",
    )

    assert told(examined(clinic)) == [("edited", 3, None, 7)]


def test_an_edited_leaf_is_found(clinic: UUID) -> None:
    events = sealed_trail(clinic, 3, 4)
    tamper(clinic, "UPDATE audit_leaf SET hash = sha256(hash) WHERE seq = 5")

    assert told(examined(clinic)) == [("edited", 5, events[5], None)]


def test_a_deleted_event_is_found(clinic: UUID) -> None:
    events = sealed_trail(clinic, 3, 4, 2)
    tamper(clinic, f"DELETE FROM audit_event WHERE id = '{events[4]}'")

    assert told(examined(clinic)) == [("deleted", 4, events[4], None)]


def test_an_event_that_was_deleted_with_its_leaf_is_found(clinic: UUID) -> None:
    events = sealed_trail(clinic, 3, 4, 2)
    tamper(clinic, f"DELETE FROM audit_event WHERE id = '{events[4]}'", "DELETE FROM audit_leaf WHERE seq = 4")

    assert told(examined(clinic)) == [("deleted", 4, None, 7)]


def test_a_deletion_whose_gap_was_closed_is_found(clinic: UUID) -> None:
    events = sealed_trail(clinic, 3, 4)
    tamper(
        clinic,
        f"DELETE FROM audit_event WHERE id = '{events[4]}'",
        "DELETE FROM audit_leaf WHERE seq = 4",
        "UPDATE audit_leaf SET seq = 4 WHERE seq = 5",
        "UPDATE audit_leaf SET seq = 5 WHERE seq = 6",
    )

    assert told(examined(clinic)) == [("truncated", 6, None, 7)]


def test_a_deleted_leaf_is_found(clinic: UUID) -> None:
    events = sealed_trail(clinic, 3, 4)
    tamper(clinic, "DELETE FROM audit_leaf WHERE seq = 4")

    assert told(examined(clinic, bound=timedelta(0))) == [("deleted", 4, None, 7), ("unsealed", None, events[4], None)]


def test_an_inserted_event_is_found_before_and_after_it_is_sealed(clinic: UUID) -> None:
    sealed_trail(clinic, 3)
    event = forged(clinic)
    with inside(clinic):
        event.save(using="clinical", force_insert=True)

    unsealed = told(examined(clinic))
    seal("clinical", clinic)
    sealed = told(examined(clinic))

    assert unsealed == [("inserted", None, event.id, None)]
    assert sealed == [("inserted", 3, event.id, None)]


def test_an_inserted_leaf_is_found(clinic: UUID) -> None:
    events = sealed_trail(clinic, 3)
    tamper(
        clinic,
        f"DELETE FROM audit_leaf WHERE event_id = '{events[2]}'",
        f"INSERT INTO audit_leaf VALUES (2, gen_random_uuid(), sha256('')), (3, '{events[2]}', sha256(''))",
    )

    assert [(kind, seq) for kind, seq, *_ in told(examined(clinic))] == [("deleted", 2), ("inserted", 3)]


def test_a_leaf_before_the_first_is_found(clinic: UUID) -> None:
    sealed_trail(clinic, 2)
    tamper(clinic, "INSERT INTO audit_leaf VALUES (-1, gen_random_uuid(), sha256(''))")

    assert ("inserted", -1, None, None) in told(examined(clinic))


def test_reordered_leaves_are_found(clinic: UUID) -> None:
    events = sealed_trail(clinic, 3, 5, 2)
    tamper(clinic, *swap("seq", 4, 6))

    found = told(examined(clinic))

    assert {kind for kind, *_ in found} == {"reordered"}
    assert {(4, events[6]), (6, events[4])} <= {(seq, event) for _, seq, event, _ in found}


def test_reordered_events_are_found(clinic: UUID) -> None:
    events = sealed_trail(clinic, 3, 5)
    tamper(clinic, *swap("event_id", 4, 6))

    assert told(examined(clinic)) == [("reordered", 4, events[6], None), ("reordered", 6, events[4], None)]


def test_events_reordered_across_heads_are_found(clinic: UUID) -> None:
    sealed_trail(clinic, 3, 5)
    tamper(clinic, *swap("seq", 1, 6))

    found = told(examined(clinic))

    assert {kind for kind, *_ in found} == {"reordered"}
    assert {1, 6} <= {seq for _, seq, *_ in found}


def test_a_truncated_tree_is_found(clinic: UUID) -> None:
    sealed_trail(clinic, 3, 4)
    tamper(
        clinic,
        "DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_leaf WHERE seq > 4)",
        "DELETE FROM audit_leaf WHERE seq > 4",
    )

    assert told(examined(clinic)) == [("truncated", 5, None, 7)]


def test_a_trail_that_was_truncated_with_its_heads_is_found_by_the_copies(clinic: UUID) -> None:
    sealed_trail(clinic, 3, 4, 2)
    tamper(
        clinic,
        "DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_leaf WHERE seq > 2)",
        "DELETE FROM audit_leaf WHERE seq > 2",
        "DELETE FROM audit_head WHERE size > 3",
        "UPDATE audit_watermark SET sealed_below = 0",
    )

    assert told(examined(clinic)) == [("truncated", 3, None, 7), ("truncated", 3, None, 9)]


def test_a_trail_that_was_emptied_is_found_by_the_copies(clinic: UUID) -> None:
    sealed_trail(clinic, 3)
    tamper(clinic, "DELETE FROM audit_event", "DELETE FROM audit_leaf", "DELETE FROM audit_head")

    assert told(examined(clinic)) == [("truncated", 0, None, 3)]


def test_a_trail_whose_tables_are_gone_is_found(clinic: UUID) -> None:
    sealed_trail(clinic, 3)
    with owner(clinic) as held:
        held.execute("DROP TABLE audit_leaf")

    assert told(examined(clinic)) == [("truncated", None, None, None)]


def test_a_history_that_was_written_anew_with_the_key_is_found_by_the_copies(clinic: UUID) -> None:
    sealed_trail(clinic, 3, 4)
    copied = path_of(str(clinic)).read_bytes()
    tamper(
        clinic,
        "DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_leaf WHERE seq = 4)",
        "DELETE FROM audit_leaf",
        "DELETE FROM audit_head",
    )
    tamper(clinic, "UPDATE audit_watermark SET sealed_below = 0")
    path_of(str(clinic)).unlink()
    read_patient(clinic)
    seal("clinical", clinic)

    alone = told(examined(clinic))
    path_of(str(clinic)).write_bytes(copied)
    with_copies = told(examined(clinic))

    assert alone == []
    assert with_copies == [("contradicted", None, None, 3), ("contradicted", None, None, 7)]


def test_a_deleted_head_is_found(clinic: UUID) -> None:
    sealed_trail(clinic, 3, 4, 2)
    tamper(clinic, "DELETE FROM audit_head WHERE size = 7")

    assert told(examined(clinic)) == [("deleted", None, None, 9), ("contradicted", None, None, 7)]


@pytest.mark.parametrize("change", ["at = at + interval '1 second'", "root = sha256(root)", "previous = sha256(root)"])
def test_an_edited_head_is_found(clinic: UUID, change: str) -> None:
    sealed_trail(clinic, 3, 4, 2)
    tamper(clinic, f"UPDATE audit_head SET {change} WHERE size = 7")

    found = told(examined(clinic))

    assert found[0] == ("edited", None, None, 7)
    assert ("contradicted", None, None, 7) in found


def test_an_edited_frontier_is_found(clinic: UUID) -> None:
    sealed_trail(clinic, 3, 4)
    tamper(clinic, "UPDATE audit_head SET frontier = frontier || sha256('') WHERE size = 7")

    assert told(examined(clinic)) == [("edited", None, None, 7)]


def test_an_edited_copy_is_found(clinic: UUID) -> None:
    sealed_trail(clinic, 3, 4)
    path = path_of(str(clinic))
    path.write_text(path.read_text().replace('"size": 3', '"size": 2') + "not a head\n")

    assert told(examined(clinic)) == [("edited", None, None, 2), ("edited", None, None, None)]


def test_a_copy_that_a_crash_cut_short_is_no_finding(clinic: UUID) -> None:
    sealed_trail(clinic, 3)
    with path_of(str(clinic)).open("a") as copies:
        copies.write('{"trail": "0190')
    torn = examined(clinic)
    sealed_trail(clinic, 4)

    assert (torn.is_intact, torn.copies) == (True, 1)
    assert (examined(clinic).is_intact, examined(clinic).copies) == (True, 2)


def test_missing_copies_are_found(clinic: UUID) -> None:
    sealed_trail(clinic, 3)
    path_of(str(clinic)).unlink()

    assert told(examined(clinic)) == [], "a head that was just signed may be about to be copied"
    assert told(examined(clinic, bound=timedelta(0))) == [("unwitnessed", None, None, None)]


def test_an_event_that_waits_too_long_for_its_seal_is_found(clinic: UUID) -> None:
    sealed_trail(clinic, 3)
    read_patient(clinic)
    [[waiting]] = rows(clinic, "SELECT id FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_leaf)")

    assert told(examined(clinic)) == []
    assert told(examined(clinic, bound=timedelta(0))) == [("unsealed", None, waiting, None)]


def test_an_event_of_another_trail_is_not_taken_for_ours(clinic: UUID) -> None:
    sealed_trail(clinic, 1)
    elsewhere = forged(clinic)
    elsewhere.mac = mac_of(UUID(int=0), event_bytes(elsewhere))
    with inside(clinic):
        elsewhere.save(using="clinical", force_insert=True)

    assert told(examined(clinic)) == [("inserted", None, elsewhere.id, None)]


def swap(column: str, one: int, other: int) -> list[str]:
    """Exchange a column of two leaves, past the unique index."""
    spare = "-1" if column == "seq" else "gen_random_uuid()"
    event_one, event_other = (f"(SELECT event_id FROM swapped WHERE seq = {seq})" for seq in (one, other))
    if column == "seq":
        return [
            f"UPDATE audit_leaf SET seq = {spare} WHERE seq = {one}",
            f"UPDATE audit_leaf SET seq = {one} WHERE seq = {other}",
            f"UPDATE audit_leaf SET seq = {other} WHERE seq = {spare}",
        ]
    return [
        "CREATE TEMP TABLE swapped AS SELECT seq, event_id FROM audit_leaf",
        f"UPDATE audit_leaf SET event_id = {spare} WHERE seq = {one}",
        f"UPDATE audit_leaf SET event_id = {event_one} WHERE seq = {other}",
        f"UPDATE audit_leaf SET event_id = {event_other} WHERE seq = {one}",
    ]


def changed(clinic: UUID, event_id: UUID, action: str) -> Event:
    with inside(clinic):
        event = Event.objects.using("clinical").get(pk=event_id)
    event.action = action
    return event


def mac_for(clinic: UUID, event_id: UUID, action: str) -> str:
    return mac_of(clinic, event_bytes(changed(clinic, event_id, action))).hex()
