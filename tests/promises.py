"""What the tests of the promises reached, in their own words: docs/reference/promises.md is written from it.

A test takes the fixture ``shown`` and says, with what it measured, which promise it has shown. `make promises` runs
those tests, the fast ones and those at full figure, and writes the page when all of them passed.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

PROMISES = {
    "A1": "A refresh token rotates once, however many callers present it.",
    "A2": "Reuse of a refresh token ends its whole family, access tokens included.",
    "A3": "What is revoked is refused within a second in every process, at once in the one that revoked it.",
    "A4": "Only our own tokens are accepted, and our keys turn without refusing a valid one.",
    "A5": "A code signs in once.",
    "A6": "Guessing is bounded, and the owner's known device still gets in.",
    "A7": "Neither answers nor their timing tell whose account exists.",
    "A8": "Cookies are of no use to another site.",
    "T1": "No role and no organization sees what the policy does not give it.",
    "T2": "The database refuses even where the application errs.",
    "T3": "Threads, jobs and pools never carry one organization into another's work.",
    "T4": "A hostile name of an organization or a host reaches no SQL.",
    "E1": "A ciphertext opens only where it was sealed.",
    "E2": "No name, contact, number or narrative lies at rest in plaintext.",
    "E3": "Keys turn while the system is in use, whatever is killed meanwhile.",
    "E4": "Erasure is final, a restored backup included.",
    "E5": "A blind index leaks little, and how much is known.",
    "U1": "Any change of history is found and named.",
    "U2": "Even one by somebody who holds the database and its signing key.",
    "U3": "A crash neither forks the history nor raises a false alarm.",
    "U4": "Nothing is looked at or changed unaudited.",
    "R1": "No double booking.",
    "R2": "A call that is made again has one effect and the same answer.",
    "R3": "What was acknowledged survives a crash, whole.",
    "R4": "A job is done at least once, its effect happens once.",
    "R5": "A backup restores.",
    "R6": "Deploying drops no call.",
    "R7": "A dead dependency is said so, in bounded time, and opens no door.",
    "F1": "No input makes an error of the server's own.",
    "F2": "A hostile file is inert.",
    "F3": "Listeners survive what they are sent.",
}
PAGE = """\
# Promises

What Chiron promises, the figure that its tests reached, and the test that shows it: `.venv/bin/pytest -m "" TEST` runs
one again. `make promises` writes this page from what the tests say of themselves, and only when all of them passed.
Races and figures of time were measured on a machine of four cores. Processes were killed, power was not cut. What is
defended and what is not, in sentences: [the threat model](../explanation/threat-model.md).

| | promise | reached | shown by |
|---|---|---|---|
"""

TOLD = "told"
Saying = tuple[str, str, str]
"""The code of a promise, the test that showed it, and what it reached."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--promises FILE`: run the tests that show a promise, and nothing else, and write the page to FILE."""
    parser.addoption(
        "--promises", metavar="FILE", type=Path, help="run the tests of promises and write what they reached"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Gather only where a page is asked for."""
    if page := config.getoption("promises"):
        config.pluginmanager.register(Gathering(page))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out every test that shows no promise."""
    if config.getoption("promises"):
        items[:] = [item for item in items if "shown" in getattr(item, "fixturenames", ())]


@pytest.fixture
def shown(record_property: Callable[[str, object], None]) -> Callable[[str, str], None]:
    """Say that a promise was shown, by its code and in one sentence made of what was measured."""

    def say(code: str, reached: str) -> None:
        assert code in PROMISES
        record_property(code, reached)

    return say


@pytest.fixture
def told(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Have a line printed at the end of the run, passed or not: for what a run is to tell whoever reads its log."""
    return lambda line: record_property(TOLD, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests told."""
    for report in terminalreporter.stats.get("passed", []):
        for name, line in report.user_properties:
            if name == TOLD:
                terminalreporter.write_line(str(line))


class Gathering:
    """What the tests of one run said."""

    def __init__(self, page: Path) -> None:
        self.page = page
        self.fast: list[Saying] = []
        self.full: list[Saying] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test said that passed."""
        if report.when == "call" and report.passed:
            said = self.full if "stress" in report.keywords else self.fast
            said += [(code, report.nodeid, str(reached)) for code, reached in report.user_properties if code != TOLD]

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the page, unless a test failed."""
        if exitstatus == pytest.ExitCode.OK:
            self.page.write_text(page_of(self.fast + self.full))


def page_of(said: list[Saying]) -> str:
    """The page: each promise with what was reached; of what one test said at several sizes, the last."""
    latest = {(code, nodeid.partition("[")[0]): reached for code, nodeid, reached in said}
    rows = []
    for code, promise in PROMISES.items():
        shows = [(reached, test) for (of, test), reached in latest.items() if of == code]
        rows += [f"| {code} | {promise} | {reached} | `{test}` |" for reached, test in shows]
        rows += [] if shows else [f"| {code} | {promise} | not shown yet | |"]
    return PAGE + "\n".join(rows) + "\n"
