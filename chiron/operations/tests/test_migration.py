"""From version 1 comes everything, once, and every value is where the report says it is."""

from typing import Any

from chiron.operations.tests.conftest import Ground
from chiron.operations.tests.version_1 import clinic


def counts(report: Any) -> dict[str, tuple[int, int, int, int]]:
    return {
        name: (each.source, each.migrated, each.unchanged, each.quarantined.total())
        for name, each in report.tallies.items()
    }


def test_everything_comes_once_and_is_verified(ground: Ground) -> None:
    old = clinic()

    first, again, verified = ground.backfill(old), ground.backfill(old), ground.verify(old)

    numbers = {"organizations": 2, "users": 3, "laboratories": 2, "doctors": 1, "patients": 4, "screenings": 3}
    numbers |= {"audit_logs": 4}
    assert counts(first) == {name: (n, n, 0, 0) for name, n in numbers.items()}
    assert counts(again) == {name: (n, 0, n, 0) for name, n in numbers.items()}
    assert {name: each.differences for name, each in verified.compared.items()} == {name: {} for name in numbers}
    assert [each.differs for each in (first, again, verified)] == [False] * 3
