"""Every letter is there in every language, asks for the same facts, and has a subject that says nothing of anybody."""

from pathlib import Path
from string import Template

import pytest

from chiron.kernel.letters import LANGUAGES
from tests.architecture.source import ROOT

APPS = sorted({each.parent for each in (ROOT / "chiron").glob("*/letters")})


def gaps(app: Path) -> list[str]:
    """What is wrong with the letters of an app."""
    names = {each.name for each in app.glob("letters/*/*")}
    facts: dict[str, set[str]] = {}
    found = []
    for name in sorted(names):
        for language in LANGUAGES:
            file = app / "letters" / language / name
            if not file.exists():
                found.append(f"{language}/{name} is missing")
                continue
            text = Template(file.read_text("utf-8"))
            subject, _, body = text.template.partition("\n\n")
            if not body or "\n" in subject or Template(subject).get_identifiers():
                found.append(f"{language}/{name} does not begin with a subject that is the same for everybody")
            if not text.is_valid() or facts.setdefault(name, set(text.get_identifiers())) != set(
                text.get_identifiers()
            ):
                found.append(f"{language}/{name} asks for other facts")
    return found


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_every_letter_is_there_in_every_language(app: Path) -> None:
    assert gaps(app) == []


def test_planted_gaps_are_found(tmp_path: Path) -> None:
    for language in LANGUAGES:
        (tmp_path / "letters" / language).mkdir(parents=True)
    for name, english, french in (
        ("good", "Hello\n\n$day\n", "Bonjour\n\n$day\n"),
        ("other", "Hello\n\n$day\n", "Bonjour\n\n$jour\n"),
        ("named", "Hello $name\n\nYou.\n", "Bonjour\n\nVous, $name.\n"),
    ):
        (tmp_path / "letters" / "en" / name).write_text(english)
        (tmp_path / "letters" / "fr" / name).write_text(french)
    (tmp_path / "letters" / "fr" / "alone").write_text("Bonjour\n\nVous.\n")

    assert gaps(tmp_path) == [
        "en/alone is missing",
        "en/named does not begin with a subject that is the same for everybody",
        "fr/other asks for other facts",
    ]
