"""Forgetting answers that say something of somebody who is erased."""

import re
from collections.abc import Collection
from uuid import UUID

from chiron.idempotency.models import Answer
from chiron.kernel.db import CLINICAL
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import OpeningFailed, Safe, organization_safe

ID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def forget_about(ids: Collection[UUID]) -> int:
    """Delete the current organization's answers that name any of these ids; how many those were.

    An answer tells whom it is about only when it is opened; there are those of one day. What does not open goes too.
    """
    safe, named = organization_safe(current_organization_id()), {str(each) for each in ids}
    answers = Answer.objects.using(CLINICAL).iterator()
    gone = [answer.id for answer in answers if not named.isdisjoint(_names(answer, safe, named))]
    forgotten, _ = Answer.objects.using(CLINICAL).filter(id__in=gone).delete()
    return forgotten


def _names(answer: Answer, safe: Safe, every: Collection[str]) -> Collection[str]:
    try:
        return ID.findall(str(safe.open(answer, "answer")))
    except OpeningFailed:
        return every
