"""Every page that a document names is there."""

import re
from pathlib import Path

from tests.architecture.source import ROOT

LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")


def broken_links(root: Path) -> list[str]:
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    return sorted(
        f"{page.relative_to(root)} names {link}"
        for page in pages
        for link in LINK.findall(page.read_text())
        if not (page.parent / link).exists()
    )


def test_every_link_within_the_documents_leads_somewhere() -> None:
    assert broken_links(ROOT) == []


def test_a_planted_link_to_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "here.md").write_text("[a](there.md) [b](here.md#part) [c](https://example.org/x) [d](#part)")

    assert broken_links(tmp_path) == ["docs/here.md names there.md"]
