"""Many rows in one statement."""

from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from chiron.postgres.together import update_together
from chiron.vault.models import PatientKey

pytestmark = pytest.mark.django_db(databases=["accounts"])


def test_each_row_gets_its_own_values_and_others_keep_theirs(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    keys = [PatientKey(organization_id=uuid4(), patient_id=uuid4(), wrapped=b"\x00") for _ in range(3)]
    PatientKey.objects.bulk_create(keys)
    keys[0].wrapped, keys[1].wrapped, keys[1].generation = b"\x00\xff'\\", b"", 7

    with django_assert_num_queries(1, using="accounts"):
        update_together(keys[:2], ["wrapped", "generation"], using="accounts")

    found = {key.id: key for key in PatientKey.objects.filter(id__in=[key.id for key in keys])}
    assert [bytes(found[key.id].wrapped or b"") for key in keys] == [b"\x00\xff'\\", b"", b"\x00"]
    assert [found[key.id].generation for key in keys] == [1, 7, 1]


def test_nothing_is_sent_for_no_row(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0, using="accounts"):
        update_together([], ["wrapped"], using="accounts")
