"""What docs/how-to/screening.md shows to be sent is accepted as it stands there."""

import re
from typing import Any

import orjson
from django.conf import settings

from chiron.identity.public import Role
from chiron.screening.blood.analytes import ANALYTES
from chiron.screening.model.bundles import Bundle
from tests.town import Clinic

TEXT = (settings.BASE_DIR / "docs/how-to/screening.md").read_text()
SHOWN: dict[str, Any] = {name: orjson.loads(body) for name, body in re.findall(r"```json (\w+)\n(.*?)```", TEXT, re.S)}


def test_what_the_page_sends_is_answered(hilltop: Clinic, bundle: Bundle) -> None:
    admin, model = hilltop.client(Role.ADMIN), f"/api/screening/models/{bundle.content_hash}"

    answers = [
        admin.post("/api/screening/classify", SHOWN["count"], content_type="application/json"),
        admin.patch(model, SHOWN["state"], content_type="application/json"),
        admin.put("/api/screening/prevalence", SHOWN["prevalence"], content_type="application/json"),
    ]

    assert [each.status_code for each in answers] == [200, 200, 200]
    assert answers[0].json()["screening"].keys() >= set(re.findall(r"^\| `(\w+)`", TEXT, re.M)) - {*ANALYTES}


def test_the_page_knows_every_unit() -> None:
    lines = re.findall(r"^\| (`\w+`.*?) \| (.*?) \| (?:yes|no) \|$", TEXT.replace("\\*", "*"), re.M)
    told = {name: units for names, units in lines for name in re.findall(r"`(\w+)`", names)}

    assert told == {name: each.taken for name, each in ANALYTES.items()}
