"""Chance that falls the same way for the same seed, on every machine and every Python."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar
from uuid import UUID

Thing = TypeVar("Thing")


class Dice:
    """Everything here rests on `random()` and `getrandbits()`, whose sequences Python promises to keep."""

    def __init__(self, *of: object) -> None:
        self._random = Random("/".join(map(str, of)))

    def number(self, low: int, high: int) -> int:
        """From low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def chance(self, of: float) -> bool:
        return self._random.random() < of

    def one(self, things: Sequence[Thing]) -> Thing:
        return things[self.number(0, len(things) - 1)]

    def some(self, things: Sequence[Thing], each: float) -> list[Thing]:
        """Each of the things with that probability, in their order."""
        return [thing for thing in things if self.chance(each)]

    def around(self, mean: float, deviation: float) -> float:
        """Near a mean, as nature scatters: the sum of twelve even draws, never beyond six deviations."""
        return mean + deviation * (sum(self._random.random() for _ in range(12)) - 6)

    def id(self) -> str:
        """A UUID of version 4."""
        return str(UUID(int=self._random.getrandbits(128), version=4))
