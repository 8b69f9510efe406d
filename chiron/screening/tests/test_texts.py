"""The sentences of answers: in every language the same ones, and none that orders anything."""

import re

import pytest

from chiron.kernel.letters import LANGUAGES
from chiron.screening.texts import texts
from chiron.screening.words import Reason, ResultClass

ORDERS = re.compile(
    r"\b(must|order|start|prescribe|administer|devez|prescri\w+|ordonne\w*|administrez)\b", re.IGNORECASE
)


def test_every_language_has_every_sentence() -> None:
    needed = {*Reason, *(each.lower() for each in ResultClass), "unclassified", "abstained", "notice"}
    needed |= {"banner", "banner-active", "banner-made-up"}

    assert {language: set(texts(language)) for language in LANGUAGES} == dict.fromkeys(LANGUAGES, needed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_recommended_are_options_and_never_orders(language: str) -> None:
    said = texts(language)

    assert [name for name, text in said.items() if ORDERS.search(text)] == []


def test_who_reads_none_of_our_languages_reads_the_first() -> None:
    assert texts("sw-KE") == texts("en")
