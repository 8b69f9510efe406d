"""Walking through a resource without trusting its shape."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn

from chiron.interop.errors import Fault


class Element:
    """A JSON object of a resource and its path. Absent is empty; another shape than asked for is a Fault."""

    __slots__ = ("path", "value")

    def __init__(self, path: str, value: dict[str, Any]) -> None:
        self.path = path
        self.value = value

    def __contains__(self, name: str) -> bool:
        return name in self.value

    def text(self, name: str) -> str:
        value = self.value.get(name, "")
        return value if isinstance(value, str) else self.unlike(name, "a string")

    def texts(self, name: str) -> list[str]:
        """The strings of an array; null ones, which carry extensions only, are left out."""
        return [
            each if isinstance(each, str) else self.unlike(name, "an array of strings") for each in self.listed(name)
        ]

    def flag(self, name: str) -> bool | None:
        value = self.value.get(name)
        return value if value is None or isinstance(value, bool) else self.unlike(name, "true or false")

    def number(self, name: str) -> Decimal | None:
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.unlike(name, "a number")
        return Decimal(value)

    def one(self, name: str) -> Element | None:
        value = self.value.get(name)
        if value is None:
            return None
        return Element(f"{self.path}.{name}", value) if isinstance(value, dict) else self.unlike(name, "an object")

    def many(self, name: str) -> list[Element]:
        """The objects of an array."""
        path = f"{self.path}.{name}"
        return [
            Element(path, each) if isinstance(each, dict) else self.unlike(name, "an array of objects")
            for each in self.listed(name)
        ]

    def either(self, name: str) -> list[Element]:
        """One object or several: elements that are single in one type of resource and repeated in another."""
        value = self.value.get(name)
        return self.many(name) if isinstance(value, list) else [each for each in [self.one(name)] if each is not None]

    def listed(self, name: str) -> Iterator[Any]:
        value = self.value.get(name)
        if value is None:
            return iter(())
        return (
            (each for each in value if each is not None) if isinstance(value, list) else self.unlike(name, "an array")
        )

    def unlike(self, name: str, wanted: str) -> NoReturn:
        raise Fault(f"{self.path}.{name} is not {wanted}.")
