"""An attacker with the whole database and no key, who knows how common each name is, and a population to try on.

The attack: find for each beginning of a name the number that occurs as often, for each sex apart, as that beginning
must; guess from these the name of every row; see which numbers the rows of a guessed name have in common; guess again.
After Cash et al. 2015, "Leakage-abuse attacks against searchable encryption", whose count attack begins likewise.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import lgamma, log
from random import Random

from chiron.vault.rules import stored_labels

ROUNDS, SEEN_OFTEN = 6, 4
STARTS = (*"bdfghjklmnprstvw", "br", "kr", "sch", "st", "an", "el")
VOWELS = ("a", "e", "i", "o", "u", "ei", "ia", "au")
ENDS = ("", "n", "r", "s", "ll", "ck", "ng", "rt")

Names = Mapping[str, float]
"""Names and how common they are; all together 1."""


@dataclass(frozen=True, slots=True)
class Public:
    """What everybody knows: how common family names are, and given names of either sex."""

    family: Names
    given: Mapping[str, Names]


@dataclass(frozen=True, slots=True)
class Person:
    sex: str
    family: str
    given: str


@dataclass(frozen=True, slots=True)
class Row:
    """What the attacker sees of somebody."""

    sex: str
    tokens: frozenset[int]


def society(random: Random, families: int = 4_000, given: int = 400) -> Public:
    """Made-up names, as unevenly common as real ones: the tenth family name has about one person in a hundred."""
    names = made_up(random, families + 2 * given)
    men, women = names[families : families + given], names[families + given :]
    return Public(shared(names[:families], 10), {"male": shared(men, 5), "female": shared(women, 5)})


def made_up(random: Random, number: int) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < number:
        syllables = random.choice((2, 2, 3, 3, 4))
        names["".join(random.choice(part) for _ in range(syllables) for part in (STARTS, VOWELS, ENDS))] = None
    return list(names)


def shared(names: Sequence[str], flat: int) -> Names:
    """Zipf and Mandelbrot: the r-th name is as common as 1 / (r + flat)."""
    weights = [1 / (rank + flat) for rank in range(1, len(names) + 1)]
    return {name: weight / sum(weights) for name, weight in zip(names, weights, strict=True)}


def people(random: Random, public: Public, number: int) -> list[Person]:
    """So many people with names as common as everybody knows."""
    sexes = random.choices(("male", "female"), k=number)
    families = drawn(random, public.family, number)
    given = {sex: drawn(random, names, number) for sex, names in public.given.items()}
    return [Person(sex, families[at], given[sex][at]) for at, sex in enumerate(sexes)]


def drawn(random: Random, names: Names, number: int) -> list[str]:
    return random.choices(list(names), cum_weights=list(accumulate(names.values())), k=number)


def poisson(seen: int, expected: float) -> float:
    """How likely it is to see so many where so many are expected (its logarithm)."""
    return seen * log(expected + 0.01) - expected - lgamma(seen + 1)


class Attack:
    """Guesses the names of all rows from their numbers alone."""

    def __init__(self, public: Public, rows: Sequence[Row], nearly: float) -> None:
        """`nearly` is the share of a number's rows in which another must be to belong to the same word."""
        self.public, self.rows, self.nearly = public, rows, nearly
        self.labels = {name: stored_labels(name) for names in (public.family, *public.given.values()) for name in names}
        self.bearers: dict[str, list[str]] = defaultdict(list)
        for name, labels in self.labels.items():
            for label in labels:
                self.bearers[label].append(name)
        self.seen = Counter(token for row in rows for token in row.tokens)

    def guesses(self) -> list[tuple[str, str]]:
        """The family and the given name guessed for each row."""
        meaning = self._by_frequency()
        guessed = self._named(meaning)
        for _ in range(ROUNDS):
            meaning = self._by_company(guessed)
            guessed = self._named(meaning)
        return guessed

    def _by_frequency(self) -> dict[str, int]:
        """Chains of numbers that come together, held against names as long by how often each sex has each link."""
        sexes = Counter(row.sex for row in self.rows)
        counts = {sex: Counter(token for row in self.rows if row.sex == sex for token in row.tokens) for sex in sexes}
        expected = self._expected(sexes)
        chains: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        for chain in self._chains():
            chains[len(chain)].append(chain)
        fits = []
        for labels in self.labels.values():
            links = sorted(labels, key=len)
            if sum(expected[sex][links[-1]] for sex in sexes) < SEEN_OFTEN:
                continue
            for chain in chains[len(links)]:
                fit = sum(
                    poisson(counts[sex][token], expected[sex][label])
                    for label, token in zip(links, chain, strict=True)
                    for sex in sexes
                )
                fits.append((fit, links, chain))
        meaning, taken = dict[str, int](), set[int]()
        for _, links, chain in sorted(fits, reverse=True):
            known = [(label, token) for label, token in zip(links, chain, strict=True) if label in meaning]
            if links[-1] in meaning or chain[-1] in taken or any(meaning[label] != token for label, token in known):
                continue
            meaning.update(zip(links, chain, strict=True))
            taken.update(chain)
        return meaning

    def _expected(self, sexes: Mapping[str, int]) -> dict[str, Counter[str]]:
        expected: dict[str, Counter[str]] = {sex: Counter() for sex in sexes}
        for sex, number in sexes.items():
            for names in (self.public.family, self.public.given[sex]):
                for name, share in names.items():
                    for label in self.labels[name]:
                        expected[sex][label] += number * share  # type: ignore[assignment]
        return expected

    def _chains(self) -> set[tuple[int, ...]]:
        """For each number those that nearly all of its rows have too, the commonest first: the beginnings of a word."""
        company: dict[int, Counter[int]] = defaultdict(Counter)
        for row in self.rows:
            for token in row.tokens:
                company[token].update(row.tokens)
        return {
            tuple(sorted((each for each, count in with_it.items() if count >= self.nearly * self.seen[token]),
                         key=lambda each: -self.seen[each]))
            for token, with_it in company.items()
            if self.seen[token] >= SEEN_OFTEN
        }  # fmt: skip

    def _by_company(self, guessed: Sequence[tuple[str, str]]) -> dict[str, int]:
        """For each beginning of guessed names the number that their rows have, and others have not."""
        company: dict[str, Counter[int]] = defaultdict(Counter)
        bearers: Counter[str] = Counter()
        for row, names in zip(self.rows, guessed, strict=True):
            for label in {label for name in names for label in self.labels.get(name, ())}:
                company[label].update(row.tokens)
                bearers[label] += 1
        usual = {token: count / len(self.rows) for token, count in self.seen.items()}
        return {
            label: max(tokens, key=lambda token: tokens[token] / bearers[label] - usual[token])
            for label, tokens in company.items()
            if bearers[label] >= SEEN_OFTEN
        }

    def _named(self, meaning: Mapping[str, int]) -> list[tuple[str, str]]:
        means: dict[int, list[str]] = defaultdict(list)
        for label, token in meaning.items():
            means[token].append(label)
        return [
            (
                self._best(row, self.public.family, meaning, means),
                self._best(row, self.public.given[row.sex], meaning, means),
            )
            for row in self.rows
        ]

    def _best(self, row: Row, names: Names, meaning: Mapping[str, int], means: Mapping[int, list[str]]) -> str:
        """The name that explains the row's numbers best; the commonest where none does."""
        candidates = {
            name
            for token in row.tokens
            for label in means.get(token, ())
            for name in self.bearers[label]
            if name in names
        }
        return max(
            candidates, key=lambda name: self._likelihood(row, name, names[name], meaning), default=next(iter(names))
        )

    def _likelihood(self, row: Row, name: str, share: float, meaning: Mapping[str, int]) -> float:
        found = log(share)
        for label in self.labels[name]:
            token = meaning.get(label)
            if token is not None:
                found += log(len(self.rows) / self.seen[token]) if token in row.tokens else -4.0
        return found
