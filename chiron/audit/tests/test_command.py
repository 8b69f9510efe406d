"""`audit verify` says what it found, and its exit code says whether."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chiron.audit.tests.factories import sealed_trail, tamper


def verified(*args: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("audit", "verify", *args, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0


def test_an_intact_trail_is_summed_up(fresh_organization: Any) -> None:
    sealed_trail(fresh_organization.id, 3, 2)

    told, code = verified("--organization", fresh_organization.slug)

    assert told == f"{fresh_organization.slug}: intact (5 events, 5 leaves, 2 heads, 2 copies)\n"
    assert code == 0


def test_what_was_changed_is_named(fresh_organization: Any) -> None:
    events = sealed_trail(fresh_organization.id, 3, 2)
    tamper(fresh_organization.id, f"UPDATE audit_event SET action = 'x' WHERE id = '{events[3]}'")

    told, code = verified("--organization", fresh_organization.slug)

    assert told.splitlines() == [
        f"{fresh_organization.slug}: NOT INTACT (5 events, 5 leaves, 2 heads, 2 copies)",
        f"  edited: leaf 3, event {events[3]}: was changed after sealing",
    ]
    assert code == 1


def test_findings_are_data_as_well(fresh_organization: Any) -> None:
    events = sealed_trail(fresh_organization.id, 3)
    tamper(fresh_organization.id, f"DELETE FROM audit_event WHERE id = '{events[1]}'")

    told, code = verified("--organization", fresh_organization.slug, "--json")

    assert code == 1
    assert json.loads(told) == [
        {
            "organization": fresh_organization.slug,
            "trail": str(fresh_organization.id),
            "intact": False,
            "events": 2,
            "leaves": 3,
            "heads": 1,
            "copies": 1,
            "counts": {"deleted": 1},
            "findings": [
                {
                    "kind": "deleted",
                    "seq": 1,
                    "event_id": str(events[1]),
                    "head": None,
                    "detail": "the event is gone, its leaf is left",
                }
            ],
        }
    ]


def test_an_unknown_organization_is_an_error(fresh_organization: Any) -> None:
    with pytest.raises(CommandError, match="There is no organization 'nowhere'"):
        call_command("audit", "verify", "--organization", "nowhere")
