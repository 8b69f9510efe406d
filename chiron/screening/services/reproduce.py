"""Making an old answer again, from what was kept of the question (ML-03)."""

from typing import Any, cast
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.screening.answering import Question, answer
from chiron.screening.doors import screening_for
from chiron.screening.models import Screening
from chiron.screening.sealing import safe_of
from chiron.screening.shelf import bundle_for


def reproduces(*, by: Caller, screening_id: UUID) -> bool:
    """Whether the bundle that answered then gives the same bytes now.

    Raises NotFound, BundleMissing; CountRefused where the count would be refused today.
    """
    row = screening_for(by, screening_id)
    same = answer_again(row) == result_of(row)
    audit.record(
        by, "screening.reproduced", resource="screenings", resource_id=row.id,
        subjects=[row.patient_id] if row.patient_id else [], payload={"same": same},
    )  # fmt: skip
    return same


def answer_again(row: Screening) -> bytes:
    """What the same bundle says now to what was asked then."""
    bundle = bundle_for(row.bundle_hash)
    return answer(Question.kept(cast("dict[str, Any]", safe_of(row).open(row, "inputs"))), bundle).result


def result_of(row: Screening) -> bytes:
    """The answer as it was given."""
    return cast("str", safe_of(row).open(row, "result")).encode()
