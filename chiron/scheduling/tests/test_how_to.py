"""The page on hours and holidays says calls that are answered as it says."""

import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.core.management import get_commands

from chiron.identity.public import Role
from chiron.scheduling.tests.factories import booked, receives
from chiron.scheduling.tests.test_api import call, monday
from chiron.tenancy.public import inside
from tests.town import Clinic

__all__ = ["monday"]

PAGE = (settings.BASE_DIR / "docs" / "how-to" / "hours-and-holidays.md").read_text()
CALLS = re.findall(r"```http\n(\w+) /api(\S+)\n(.*?)```", PAGE, re.DOTALL)
KNOWN = {"holiday": "holiday_id", "appointment_type": "type_id", "room": "room_id"}


def test_every_call_of_the_page_is_answered(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        receives(hilltop.doctor_id)
        appointment = booked(hilltop, "2031-05-27T15:00").appointment
    ids = {"doctor_id": hilltop.doctor_id, "patient_id": hilltop.patient_id, "appointment_id": appointment.id}
    named = {name: str(value) for name, value in ids.items()}
    answers: dict[str, Any] = {}

    for method, path, body in CALLS:
        said = json.loads(filled(body, named)) if body else None
        answer = call(hilltop, Role.RECEPTIONIST, method.lower(), filled(path, named), said)
        assert answer.status_code in (200, 201), (method, path, answer.content)
        answers[f"{method} {path}"] = found = answer.json()
        named |= {name: found[thing]["id"] for thing, name in KNOWN.items() if thing in found}

    assert len(answers) == 10
    for acting in ("decide", "move"):
        assert answers[f"POST /appointments/{acting}"] == {"decided": [str(appointment.id)], "refused": []}
    assert [each["id"] for each in answers["GET /doctors/{doctor_id}/affected"]["affected"]] == [str(appointment.id)]


def filled(text: str, named: dict[str, str]) -> str:
    return re.sub(r"\{(\w+_id)\}", lambda name: named[name[1]], text)


@pytest.mark.parametrize("command", re.findall(r"^    chiron (\w+)", PAGE, re.MULTILINE))
def test_every_command_of_the_page_is_there(command: str) -> None:
    assert command in get_commands()
