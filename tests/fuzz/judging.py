"""What must hold of every answer, whatever was sent."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.matrix.world import World

CONFORMS = [status_code_conformance, content_type_conformance, response_schema_conformance]
MANY = 100


def limits(number: int, **more: Any) -> settings:
    """So many cases: the same ones each time where they are few, others each time where they are many."""
    return settings(
        max_examples=number, database=None, deadline=None, derandomize=number < MANY, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), **more,
    )  # fmt: skip


def token_of(world: World, who: str) -> dict[str, str]:
    """The header of somebody who is signed in."""
    token = world.clients[who].defaults.get("HTTP_AUTHORIZATION")
    return {"Authorization": token} if token else {}


@dataclass
class Judge:
    """The answers of one run: how many of each status an operation gave, and what was wrong with some."""

    answers: dict[str, Counter[int]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def hear(self, who: str, case: Any, response: Any) -> None:
        """Count an answer; one of 500 or more, and one that the document does not describe, is a fault."""
        label, status = case.operation.label, response.status_code
        self.answers.setdefault(label, Counter())[status] += 1
        if status >= 500:
            self.faults[f"{label}: {status}"] = f"{who}: {case.as_curl_command()}"
            return
        try:
            case.validate_response(response, checks=CONFORMS)
        except FailureGroup as group:
            for each in group.exceptions:
                self.faults[f"{label}: {status} {type(each).__name__}"] = f"{who}: {case.as_curl_command()}\n{each}"

    @property
    def cases(self) -> int:
        """How many calls were answered."""
        return sum(each.total() for each in self.answers.values())

    @property
    def reached(self) -> int:
        """How many operations succeeded at least once."""
        return sum(any(200 <= status < 300 for status in each) for each in self.answers.values())
