"""Promise E5, as far as construction goes: keyed per organization, truncated, nothing shorter than three letters."""

from itertools import product
from string import ascii_lowercase

import pytest

from chiron.vault.blind import exact_index, matches, name_tokens, search_tokens
from chiron.vault.keyring import create_organization_key, forget_keys
from chiron.vault.rules import query_labels, stored_labels
from chiron.vault.tests.factories import HILLTOP, RIVERSIDE
from chiron.vault.tests.test_rules import FOUND, NOT_FOUND

pytestmark = pytest.mark.django_db(databases=["accounts"])


@pytest.fixture(autouse=True)
def _two_clinics() -> None:
    forget_keys()
    create_organization_key(HILLTOP)
    create_organization_key(RIVERSIDE)


def test_whoever_matches_a_query_has_all_of_its_tokens() -> None:
    for query, name in FOUND:
        wanted = search_tokens(HILLTOP, query)

        assert matches(query, name)
        assert wanted
        assert set(wanted) <= set(name_tokens(HILLTOP, name))


def test_a_query_without_a_word_has_no_tokens_and_matches_nobody() -> None:
    assert search_tokens(HILLTOP, " - ' ") == []
    assert name_tokens(HILLTOP, "", "  ") == []
    assert not [name for query, name in NOT_FOUND if matches(query, name)]


def test_tokens_are_sorted_small_numbers_one_for_each_beginning() -> None:
    tokens = name_tokens(HILLTOP, "Müller", "Li")

    assert tokens == sorted(set(tokens))
    assert 3 <= len(tokens) <= 5
    assert all(0 <= token < 1_024 for token in tokens)
    assert name_tokens(HILLTOP, "müller LI") == tokens


def test_another_organization_has_other_tokens_for_the_same_names() -> None:
    names = [f"Name{number}" for number in range(100)]

    shared = sum(search_tokens(HILLTOP, name) == search_tokens(RIVERSIDE, name) for name in names)

    assert shared <= 5
    assert exact_index(HILLTOP, "mrn", "1") != exact_index(RIVERSIDE, "mrn", "1")


def test_different_words_share_tokens_on_purpose() -> None:
    words = ["".join(letters) for letters in product(ascii_lowercase, repeat=3)]

    tokens = name_tokens(HILLTOP, *words)

    assert len(words) == 17_576
    assert len(tokens) == 1_024


def test_a_short_word_and_the_beginning_of_a_long_one_are_told_apart() -> None:
    assert not query_labels("li") & stored_labels("Lina")


def test_an_exact_index_is_equal_for_equal_values_only() -> None:
    index = exact_index(HILLTOP, "identifier", "urn:mrn", "A1")

    assert len(index) == 16
    assert exact_index(HILLTOP, "identifier", "urn:mrn", "\uff211") == index
    others = [("identifier", "urn:mrn", "a1"), ("identifier", "urn:mrnA", "1"), ("email", "urn:mrn", "A1")]
    assert index not in {exact_index(HILLTOP, *other) for other in others}
