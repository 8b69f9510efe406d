"""Patients' keys as they are stored, wrapped, remembered for a second; they are opened in `safes` only, per request."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from uuid import UUID

from chiron.kernel.db import ACCOUNTS, in_transaction
from chiron.postgres.compiled import Compiled
from chiron.vault.models import PatientKey

SECONDS = 1.0
REMEMBERED_AT_MOST = 10_000

Read = Callable[[UUID, Collection[UUID]], Iterable[PatientKey]]


KEYS = Compiled(
    lambda organization_id, patient_ids: PatientKey.objects.filter(
        organization_id=organization_id, patient_id__is_any_of=patient_ids
    ),
    takes=2,
    using=ACCOUNTS,
)


def read_keys(organization_id: UUID, patient_ids: Collection[UUID]) -> Iterable[PatientKey]:
    """The keys of these patients, by one query."""
    return KEYS(organization_id, list(patient_ids))


class WrappedKeys:
    """Keys read within the present second: one destroyed elsewhere is believed to stand for that long at most.

    So is a session that was revoked. What a transaction on `accounts` reads is not remembered: it may never be
    committed.
    """

    def __init__(self, read: Read = read_keys, seconds: Callable[[], float] = time.monotonic) -> None:
        self._read, self._seconds = read, seconds
        self.forget()

    def of(self, organization_id: UUID, patient_ids: Iterable[UUID]) -> list[PatientKey]:
        """The keys of these patients, every generation; those without one are left out. One query at most."""
        asked = set(patient_ids)
        if in_transaction(ACCOUNTS):
            return list(self._read(organization_id, asked)) if asked else []
        if self._seconds() >= self._until or len(self._known) >= REMEMBERED_AT_MOST:
            self.forget()
        known = self._known  # another thread may begin the next second while this one reads
        unknown = {each for each in asked if (organization_id, each) not in known}
        read: dict[tuple[UUID, UUID], list[PatientKey]] = defaultdict(list)
        for key in self._read(organization_id, unknown) if unknown else ():
            read[organization_id, key.patient_id].append(key)
        known.update(read)
        return [key for each in asked for key in known.get((organization_id, each), [])]

    def forget(self) -> None:
        """Read every key anew: a key was destroyed in this process, or a second has passed."""
        started = self._seconds()
        self._known: dict[tuple[UUID, UUID], list[PatientKey]] = {}
        self._until = started + SECONDS


wrapped_keys = WrappedKeys()
