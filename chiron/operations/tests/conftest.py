"""Migrations commit, and make organizations: what one made is removed again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chiron.kernel.clock import now
from chiron.operations.models import UnplacedDocument
from chiron.operations.mongo.mapping import read_mapping
from chiron.operations.mongo.report import Report
from chiron.operations.mongo.sources import Dump
from chiron.operations.mongo.stages import Migration
from chiron.operations.tests.version_1 import Version1
from chiron.tenancy.public import Organization, all_organizations
from tests.town import drop_organization


class Ground:
    """Where a migration goes to: what it finds here, and what it made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sources: list[Dump] = []
        self._before = {each.id for each in all_organizations()}

    def migration(self, old: Version1, *, only: str = "", zone: str = "", mapping: Path | None = None) -> Migration:
        source = Dump(old.written(self.folder / old.mark))
        self._sources.append(source)
        return Migration(source, read_mapping(mapping, zone), lambda *_: None, only=only, now=now())

    def backfill(self, old: Version1, **options: Any) -> Report:
        return self.migration(old, **options).backfill()

    def verify(self, old: Version1, **options: Any) -> Report:
        return self.migration(old, **options).verify()

    @property
    def made(self) -> list[Organization]:
        """The organizations that were made since."""
        return [each for each in all_organizations() if each.id not in self._before]

    def clear(self) -> None:
        for source in self._sources:
            source.close()
        for each in self.made:
            drop_organization(each)
        UnplacedDocument.objects.all().delete()


@pytest.fixture
def ground(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[Ground]:
    with django_db_blocker.unblock():
        ground = Ground(tmp_path)
        yield ground
        ground.clear()
