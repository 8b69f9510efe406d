"""What the guides on mail and reminders show is what the API takes."""

import json
import re
from collections import Counter

from pydantic import BaseModel

from chiron.identity.shapes_mail import CarrierEvents, MailjetEvent
from chiron.scheduling.shapes_reminders import RuleIn
from tests.architecture.source import ROOT

SHAPES: dict[str, type[BaseModel]] = {"mailjet": MailjetEvent, "carrier": CarrierEvents, "rule": RuleIn}
SHOWN = re.compile(r"```json (\w+)\n(.*?)```", re.DOTALL)


def test_every_body_that_the_guides_show_is_taken() -> None:
    seen: Counter[str] = Counter()

    for page in ("mail.md", "reminders.md"):
        for kind, body in SHOWN.findall((ROOT / "docs" / "how-to" / page).read_text()):
            taken = SHAPES[kind].model_validate(json.loads(body))
            assert json.loads(body).keys() <= taken.model_fields_set | {"source"}
            seen[kind] += 1

    assert seen == {"mailjet": 1, "carrier": 1, "rule": 2}
