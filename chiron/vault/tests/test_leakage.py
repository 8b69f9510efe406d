"""Promise E5, by attack: what the blind index tells somebody who has the whole database and no key."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from random import Random
from uuid import UUID

import pytest

from chiron.vault import blind, keyring
from chiron.vault.blind import name_tokens
from chiron.vault.keyring import Generation, Keyring
from chiron.vault.rules import stored_labels
from chiron.vault.tests.factories import HILLTOP, KOFI, RIVERSIDE
from chiron.vault.tests.frequency import Attack, Person, Row, people, society

SIZES = [pytest.param(2_000, id="2,000"), pytest.param(20_000, id="20,000", marks=pytest.mark.stress)]
NEARLY = (0.95, 0.8)
AT_MOST = 0.05


def have_key(organization_id: UUID, name: str) -> None:
    """Give an organization a key that is the same in every run, and so the figures."""
    keyring._remembered[organization_id] = Keyring([Generation.of(KOFI, sha256(name.encode()).digest())])


def recovered(population: list[Person], guesses: list[tuple[str, str]]) -> tuple[float, float, float]:
    """The shares of people whose whole name, family name and given name were guessed."""
    pairs = list(zip(population, guesses, strict=True))
    whole = sum((person.family, person.given) == guess for person, guess in pairs)
    family = sum(person.family == guess[0] for person, guess in pairs)
    given = sum(person.given == guess[1] for person, guess in pairs)
    return whole / len(pairs), family / len(pairs), given / len(pairs)


def attacked(number: int, forms: Sequence[float] = NEARLY) -> tuple[float, float, float]:
    """The most that any form of the attack recovers, of each."""
    random = Random(5)
    public = society(random)
    population = people(random, public, number)
    rows = [Row(each.sex, frozenset(name_tokens(HILLTOP, each.family, each.given))) for each in population]
    shares = [recovered(population, Attack(public, rows, nearly).guesses()) for nearly in forms]
    whole, family, given = zip(*shares, strict=True)
    return max(whole), max(family), max(given)


@pytest.mark.parametrize("number", SIZES)
def test_who_knows_how_common_names_are_recovers_few(number: int, shown: Callable[[str, str], None]) -> None:
    have_key(HILLTOP, "hilltop")

    whole, family, given = attacked(number)
    blind_guess = society(Random(5))
    commonest = [max(names.values()) for names in (blind_guess.family, blind_guess.given["female"])]

    assert (whole <= AT_MOST, family <= AT_MOST, given <= AT_MOST) == (True, True, True), (whole, family, given)
    shown(
        "E5",
        f"a frequency attack on {number:,} people recovered the whole name of {whole:.2%}, the family name of "
        f"{family:.1%} and the given name of {given:.1%} of them; guessing the commonest without any database "
        f"would give {commonest[0]:.1%} and {commonest[1]:.1%}",
    )


def test_the_same_attack_succeeds_where_numbers_are_not_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    have_key(HILLTOP, "hilltop")
    monkeypatch.setattr(blind, "TOKENS", 2**64)

    _, family, given = attacked(2_000, NEARLY[:1])

    assert family > 2 * AT_MOST
    assert given > 4 * AT_MOST


def test_nobody_has_the_same_numbers_in_two_organizations() -> None:
    have_key(HILLTOP, "hilltop")
    have_key(RIVERSIDE, "riverside")
    random = Random(5)
    names = [(each.family, each.given) for each in people(random, society(random), 2_000)]

    assert sum(name_tokens(HILLTOP, *each) == name_tokens(RIVERSIDE, *each) for each in names) == 0
    assert sum(name_tokens(HILLTOP, *each) == name_tokens(HILLTOP, *each) for each in names) == len(names)


def test_each_number_stands_for_several_beginnings_even_in_a_small_practice() -> None:
    have_key(HILLTOP, "hilltop")
    random = Random(5)
    names = [name for each in people(random, society(random), 500) for name in (each.family, each.given)]

    labels, tokens = stored_labels(*names), name_tokens(HILLTOP, *names)

    assert len(labels) / len(tokens) >= 2
