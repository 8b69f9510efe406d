"""Turning keys, by the platform's operator: each rotation is an event of the platform's trail."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from chiron.audit.public import record_platform
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.ids import NIL
from chiron.vault.public import (
    Turned,
    Watch,
    master_key,
    organization_keys_by_master,
    rewrap_organization_keys,
    turn_organization,
    turn_patients,
)


def rotate_master(*, by: Caller) -> tuple[int, int]:
    """Have the present master key wrap every organization's key.

    How many were wrapped by a previous one, and how many are now: none, unless a process that does not know the present
    one made an organization meanwhile. Raises NotPermitted, `OpeningFailed`, `MasterKeyUnavailable`.
    """
    by.scope("keys", "rotate")
    wrapped = rewrap_organization_keys()
    left = organization_keys_by_master()
    left.pop(master_key().id, None)
    with atomic(ACCOUNTS):
        payload = {"key": "master", "wrapped": wrapped, "left": left.total()}
        record_platform(by, "keys.rotated", resource="keys", payload=payload)
    return wrapped, left.total()


def rotate_organization(*, by: Caller, organization_id: UUID, now: datetime, watch: Watch) -> Turned:
    """A newer key for an organization or the platform (`NIL`). Raises NotPermitted, and as `turn_organization`."""
    by.scope("keys", "rotate")
    record = _recording(by, "organization", organization_id)
    return turn_organization(organization_id, now=now, record=record, watch=watch)


def rotate_patients(*, by: Caller, organization_id: UUID, now: datetime, watch: Watch) -> Turned:
    """A newer key for every patient of an organization. Raises NotPermitted, and as `turn_patients`."""
    by.scope("keys", "rotate")
    return turn_patients(organization_id, now=now, record=_recording(by, "patients", organization_id), watch=watch)


def _recording(by: Caller, key: str, organization_id: UUID) -> Callable[[Turned], None]:
    whose = by if organization_id == NIL else by.inside(organization_id)
    return partial(_record, whose, key)


def _record(by: Caller, key: str, turned: Turned) -> None:
    payload = {"key": key, "rows": turned.rows, "wrapped": turned.wrapped, "retired": turned.retired}
    record_platform(by, "keys.rotated", resource="keys", payload=payload)
