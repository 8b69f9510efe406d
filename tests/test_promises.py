"""The page of promises says what the tests said, of the largest size that each ran at."""

from pathlib import Path

from tests.promises import PROMISES, Gathering, page_of

SAID = [
    ("A1", "chiron/identity/tests/test_families.py::test_one_rotation[50]", "50 trials: one rotation each"),
    ("A1", "chiron/identity/tests/test_families.py::test_one_rotation[1000]", "1,000 trials: one rotation each"),
    ("A1", "tests/test_other.py::test_another_way", "twice"),
]


def test_each_promise_has_what_its_tests_reached() -> None:
    page = page_of(SAID)

    assert [line for line in page.splitlines() if line.startswith("| A1 ")] == [
        f"| A1 | {PROMISES['A1']} | 1,000 trials: one rotation each"
        " | `chiron/identity/tests/test_families.py::test_one_rotation` |",
        f"| A1 | {PROMISES['A1']} | twice | `tests/test_other.py::test_another_way` |",
    ]
    assert f"| R1 | {PROMISES['R1']} | not shown yet | |" in page


def test_nothing_is_written_where_a_test_failed(tmp_path: Path) -> None:
    page = tmp_path / "promises.md"
    gathering = Gathering(page)

    gathering.pytest_sessionfinish(exitstatus=1)

    assert not page.exists()
    gathering.pytest_sessionfinish(exitstatus=0)
    assert page.read_text() == page_of([])
