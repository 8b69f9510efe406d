"""The page of promises says what the tests said, of the largest size that each ran at."""

import re
from pathlib import Path

from django.conf import settings

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


def test_the_page_names_tests_that_exist_and_each_promise_that_a_test_says_to_show() -> None:
    page = (settings.BASE_DIR / "docs/reference/promises.md").read_text()
    named = re.findall(r"`([\w/]+\.py)::(\w+)` \|", page)
    sources = {path: path.read_text() for folder in ("chiron", "config", "tests") for path in _tests_in(folder)}

    assert len(named) > 40
    for file, test in named:
        assert f"def {test}(" in sources[settings.BASE_DIR / file]
    said = {code for source in sources.values() for code in re.findall(r'shown\(\s*"([A-Z]\d)"', source)}
    assert said == {code for code in PROMISES if f"| {code} | {PROMISES[code]} | not shown yet" not in page}


def _tests_in(folder: str) -> list[Path]:
    return list((settings.BASE_DIR / folder).rglob("test_*.py"))
