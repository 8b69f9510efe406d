"""A small clinic that is backed up once for all tests of a module."""

from collections.abc import Iterator
from typing import Any

import pytest

from chiron.audit.public import seal
from chiron.jobs.models import Waiting
from tests.backup.places import Taken, backed_up
from tests.erasure.people import live
from tests.town import drop_organization, make_clinic


@pytest.fixture(scope="module")
def taken(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Taken]:
    """A clinic of two patients, with their files, backed up."""
    with django_db_blocker.unblock():
        clinic = make_clinic(None)
        people = [live(clinic, number) for number in (41, 42)]
        seal("clinical", clinic.id)
        yield Taken(backed_up(tmp_path_factory.mktemp("backups")), clinic, people)
        Waiting.objects.filter(organization_id=clinic.id).delete()
        drop_organization(clinic.organization)


@pytest.fixture
def committed(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
