"""The report's verdict is what the exit status says, and names how much is at fault."""

import json
from collections import Counter
from io import StringIO

import pytest
from django.core.management import call_command

from chiron.operations.mongo.report import Compared, Report, Tally, verdict
from chiron.operations.tests.conftest import Ground
from chiron.operations.tests.version_1 import clinic

AT_FAULT: dict[str, Report] = {
    "unaccounted_documents": Report("v1", "backfill", tallies={"users": Tally(source=3, migrated=1)}),
    "changed_documents": Report("v1", "backfill", tallies={"users": Tally(source=2, changed=2)}),
    "vanished_documents": Report("v1", "backfill", tallies={"users": Tally(vanished=2)}),
    "differences": Report("v1", "verify", compared={"users": Compared(differences=Counter(name=1, sex=1))}),
    "different_digests": Report(
        "v1", "verify", compared={name: Compared(source_digest="a", here_digest="b") for name in ("users", "doctors")}
    ),
    "unknown_documents": Report("v1", "preflight", unknown={"invoices": 2, "empty": 0}),
    "miscounted_collections": Report("v1", "backfill", miscounted={"users": (3, 2), "doctors": (1, 2)}),
}


@pytest.mark.parametrize("what", AT_FAULT)
def test_whatever_differs_is_the_verdict_and_counted(what: str) -> None:
    report = AT_FAULT[what]

    data = report.as_data()

    assert (data["verdict"], data["differs"], data["at_fault"]) == ("differs", True, {what: 2})
    assert verdict([report]).startswith(f"Verdict: differs ({report.stage}: differs, ")
    assert verdict([report]).endswith(f"2 {what.replace('_', ' ')})")


@pytest.mark.parametrize(
    ("stage", "word"), [("preflight", "accounted for"), ("backfill", "accounted for"), ("verify", "equal")]
)
def test_where_nothing_differs_the_stage_says_how_much_that_means(stage: str, word: str) -> None:
    tallies = {"users": Tally(source=4, migrated=2, quarantined=Counter(odd=1), skipped=Counter(other=1))}

    data = Report("v1", stage, tallies=tallies).as_data()

    assert (data["verdict"], data["differs"], data["at_fault"]) == (word, False, {})


def test_one_stage_that_differs_is_the_last_word_on_all() -> None:
    counted, compared = Report("v1", "backfill", unknown={"invoices": 1}), Report("v1", "verify")

    assert verdict([counted, compared]) == (
        "Verdict: differs (backfill: differs, 0 documents, 0 of them in quarantine, 1 unknown documents; "
        "verify: equal, 0 documents, 0 values)"
    )


def test_the_command_ends_with_the_verdict(ground: Ground) -> None:
    folder, told, data = clinic(1).written(ground.folder), StringIO(), StringIO()

    call_command("migrate_from_mongodb", dump=folder, stdout=told)
    call_command("migrate_from_mongodb", dump=folder, json=True, stdout=data)

    backfill, verified = json.loads(data.getvalue())
    values = sum(each["leaves"] for each in verified["verified"].values())
    assert (backfill["verdict"], verified["verdict"]) == ("accounted for", "equal")
    assert told.getvalue().splitlines()[-1] == (
        "Verdict: equal (backfill: accounted for, 13 documents, 0 of them in quarantine; "
        f"verify: equal, 13 documents, {values} values)"
    )
