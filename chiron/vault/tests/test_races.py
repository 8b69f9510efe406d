"""What the threads write here is committed, so it belongs to an organization that no other test knows."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from chiron.vault.keyring import create_organization_key, forget_keys
from chiron.vault.models import OrganizationKey, PatientKey
from chiron.vault.safes import Safe, new_patient_safe
from chiron.vault.tests.factories import sealed_by

pytestmark = pytest.mark.django_db(databases=["accounts"])


def test_callers_racing_for_a_first_key_share_one() -> None:
    organization_id, patient_id = uuid4(), uuid4()
    start = Barrier(8)

    def make(_: int) -> tuple[Any, Safe]:
        start.wait()
        create_organization_key(organization_id)
        safe = new_patient_safe(organization_id, patient_id)
        connections["accounts"].close()
        return sealed_by(safe), safe

    with ThreadPoolExecutor(8) as desks:
        made = list(desks.map(make, range(8)))

    assert {safe.open(row, "text") for row, _ in made for _, safe in made} == {"Kofi Mensah"}
    assert OrganizationKey.objects.filter(organization_id=organization_id).count() == 1
    assert PatientKey.objects.filter(organization_id=organization_id).count() == 1
    forget_keys()
