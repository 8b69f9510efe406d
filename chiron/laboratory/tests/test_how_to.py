"""What docs/how-to/laboratories.md tells people to send is taken."""

import json
import re
from typing import Any

from chiron.identity.public import Role
from chiron.laboratory.tests.factories import chart, laboratory, step
from chiron.registry.tests.factories import call
from tests.architecture.source import ROOT
from tests.town import Clinic

PAGE = (ROOT / "docs" / "how-to" / "laboratories.md").read_text()


def body(name: str, **known: str) -> Any:
    """A body of the page, with ids that there are."""
    [written] = re.findall(rf"```json {name}\n(.*?)```", PAGE, re.DOTALL)
    for word, id in known.items():
        written = written.replace(f'"{word}"', f'"{id}"')
    return json.loads(written)


def test_what_the_page_says_goes_through_from_specimen_to_chart(hilltop: Clinic) -> None:
    technician = hilltop.client(Role.LAB)
    known = {"LAB": str(laboratory(hilltop, "Central")), "PATIENT": str(hilltop.patient_id)}

    specimen = call(technician, "post", "/specimens", body("specimen", **known)).json()["specimen"]
    call(technician, "post", f"/specimens/{specimen['id']}/receive", {})
    report = call(technician, "post", "/lab-reports", body("report", SPECIMEN=specimen["id"])).json()["lab_report"]
    step(hilltop, report["id"], "release")

    assert chart(hilltop) == [("Hemoglobin", 9.9, "L"), ("Platelets", 210.0, None)]
