"""Keys that retired and are needed again: a backup brought back what they had sealed."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from uuid import UUID

from chiron.kernel.db import ACCOUNTS, atomic, only_one
from chiron.vault.keyring import forget_keys, turn_of
from chiron.vault.models import OrganizationKey, PatientKey
from chiron.vault.rotation import unfinished


class KeysInMotion(Exception):
    """The organization's keys are being rotated, or one is being destroyed."""


@contextmanager
def keys_at_rest(organization_id: UUID) -> Iterator[None]:
    """Within the block no rotation of the organization's keys begins and nobody of it is erased.

    Raises KeysInMotion where that is under way, or a rotation was begun and not finished.
    """
    with only_one(ACCOUNTS, turn_of(organization_id)) as alone:
        if not alone or unfinished(organization_id):
            raise KeysInMotion
        yield


def let_stand_again(organization_id: UUID, key_ids: Collection[UUID]) -> int:
    """Have these keys of an organization and its patients open values again, as before they retired; how many had.

    What seals stays what it is. The next rotation moves what lies under them, and they retire again. One that was
    destroyed stays destroyed.
    """
    with atomic(ACCOUNTS):
        whole = OrganizationKey.objects.standing().filter(organization_id=organization_id)
        patients = PatientKey.objects.filter(organization_id=organization_id, wrapped__isnull=False)
        retired = [each.filter(id__is_any_of=list(key_ids), retired_at__isnull=False) for each in (whole, patients)]
        stood = sum(each.update(retired_at=None) for each in retired)
    forget_keys()
    return stood
