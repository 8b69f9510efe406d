"""The trail as a file: read page by page while it is sent, so that a long one needs no more memory than a short one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from chiron.audit.models import Event
from chiron.audit.payloads import said_by
from chiron.audit.queries import OpenedEvent, Wanted
from chiron.audit.services import record
from chiron.audit.trails import PLATFORM, Trail
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.errors import NotPermitted
from chiron.tenancy.public import current_organization_id, inside

AT_A_TIME = 500


def export_trail(by: Caller, wanted: Wanted, form: str) -> Iterator[OpenedEvent]:
    """Events of the caller's organization, newest first, opened; taking them out is an event itself.

    The event is written now. The rest is read when the answer asks for it, each page in a short transaction of its own
    which a slow reader does not keep open. What is written meanwhile is not in it. Raises NotPermitted.
    """
    by.scope("audit", "export")
    organization_id = current_organization_id()
    if organization_id != by.organization_id:
        raise NotPermitted
    trail = PLATFORM if wanted.source == "platform" else Trail(organization_id)
    conditions = wanted.conditions()
    asked = {name: str(value) for name, value in conditions.items()} | {"source": wanted.source, "format": form}
    subjects = [wanted.patient_id] if wanted.patient_id else []
    record(by, "audit.exported", resource="audit", subjects=subjects, payload=asked)
    return _read(organization_id, trail, conditions | {"organization_id": organization_id})


def _read(organization_id: UUID, trail: Trail, conditions: dict[str, Any]) -> Iterator[OpenedEvent]:
    beyond: dict[str, Any] = {}
    while True:
        with _transaction(organization_id, trail):
            events = Event.objects.using(trail.alias).filter(**conditions, **beyond).order_by("-id")
            rows = list(events[:AT_A_TIME])
            opened = [OpenedEvent(*each) for each in zip(rows, said_by(trail, rows), strict=True)]
        yield from opened
        if len(rows) < AT_A_TIME:
            return
        beyond = {"id__lt": rows[-1].id}


def _transaction(organization_id: UUID, trail: Trail) -> AbstractContextManager[Any]:
    return atomic(ACCOUNTS) if trail is PLATFORM else inside(organization_id)
