"""A hundred identifiers of people who do not exist, ten of each kind, which nobody else ever wrote down."""

from collections import deque
from random import Random
from typing import Any

LETTERS = "bcdfghjklmnpqrstvwxz"
KINDS = (
    "family name", "given name", "phone", "e-mail", "record number", "national id", "birth date", "note", "address",
    "file name",
)  # fmt: skip


def hundred() -> dict[str, list[str]]:
    """Ten of each kind."""
    dice = Random()

    def word(length: int = 12) -> str:
        return "".join(dice.choices(LETTERS, k=length)).capitalize()

    def digits(length: int) -> str:
        return "".join(dice.choices("0123456789", k=length))

    makers: dict[str, Any] = {
        "family name": word,
        "given name": word,
        "phone": lambda: f"0044{digits(12)}",
        "e-mail": lambda: f"{word().lower()}@example.org",
        "record number": lambda: f"MRN{digits(11)}",
        "national id": lambda: digits(15),
        "birth date": lambda: f"18{dice.randint(80, 99)}-0{dice.randint(1, 9)}-{dice.randint(10, 28)}",
        "note": lambda: f"{word()} {word()} {word()}",
        "address": lambda: f"{word(14)} {digits(9)}",
        "file name": lambda: f"{word()}.pdf",
    }
    return {kind: [makers[kind]() for _ in range(10)] for kind in KINDS}


class Planted:
    """The identifiers in turn, so that each of them is sent wherever there is a place."""

    def __init__(self) -> None:
        self.of_kind = hundred()
        self.every = [each for of_one_kind in self.of_kind.values() for each in of_one_kind]
        self.sent: set[str] = set()
        self._turn = deque(self.every)

    def next(self) -> str:
        """The one whose turn it is."""
        self._turn.rotate(1)
        self.sent.add(self._turn[0])
        return self._turn[0]

    def next_of(self, kind: str) -> str:
        """One of that kind."""
        self.of_kind[kind].append(self.of_kind[kind].pop(0))
        return self.of_kind[kind][0]

    def instead_of(self, value: Any) -> Any:
        """The same value with an identifier in place of each text in it."""
        if isinstance(value, dict):
            return {key: self.instead_of(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.instead_of(each) for each in value]
        return self.next() if isinstance(value, str) else value
