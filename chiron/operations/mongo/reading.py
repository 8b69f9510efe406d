"""Reading the fields of one document: each as what it must be, or not at all; and noting where each leaf goes."""

import math
import re
from collections.abc import Callable
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from bson import Decimal128, ObjectId

from chiron.kernel.errors import DomainError
from chiron.operations.mongo.ids import key_in
from chiron.operations.mongo.leaves import escaped, leaves_of
from chiron.operations.mongo.mapping import Mapping
from chiron.operations.mongo.reasons import Reason, Unfit
from chiron.registry.public import BirthDate, birth_date
from chiron.vault.public import OpeningFailed, open_legacy

TOKEN = "gAAAA"  # noqa: S105 how every Fernet token begins
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of the source, where it went, and what must be found there."""

    pointer: str
    location: str
    text: str


class Reader:
    """One document, read field by field; each method raises Unfit for what its field cannot hold."""

    def __init__(self, document: Map[str, Any], fields: Map[str, str], mapping: Mapping) -> None:
        self.document, self.mapping = document, mapping
        self._fields = fields
        self.leaves: list[Leaf] = []
        self._taken: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether documents of its kind have such a field."""
        return name in self._fields

    def field(self, name: str) -> str:
        """What the source calls it, as the pointer to it goes on."""
        return "/".join(map(escaped, self._fields[name].split(".")))

    def rest(self) -> dict[str, Any]:
        """The leaves that no field took, by pointer; an ObjectId that is the `_id` is kept in the map."""
        every = leaves_of(self.document)
        return {at: value for at, value in every if at not in self._taken and (at, type(value)) != ("/_id", ObjectId)}

    def text(
        self, name: str, location: str, *, longest: int = 200, required: bool = False, fits: str = r"(?s).*",
        form: Callable[[str], str] = str,
    ) -> str:  # fmt: skip
        """A text in its form here, opened where it is a Fernet token.

        What is missing, empty, or does not fit is the empty text; the source's then stays in the rest.
        """
        pointer, value = self._found(name)
        text = "" if value is None else form(self._opened(pointer, value))
        if required and not text.strip():
            raise Unfit(Reason.MISSING, pointer)
        if not text or not re.fullmatch(fits, text):
            return ""
        if "\0" in text:
            raise Unfit(Reason.NUL, pointer)
        if len(text) > longest:
            raise Unfit(Reason.TOO_LONG, pointer)
        self.take(pointer, location, text)
        return text

    def secret(self, name: str) -> tuple[str, str]:
        """A text that nothing else shall hold, with its pointer; see `take` for where it went."""
        pointer, value = self._found(name)
        self._taken.add(pointer)
        return pointer, self._opened(pointer, value) if value not in (None, "") else ""

    def take(self, pointer: str, location: str, text: str) -> None:
        """Say where a leaf went."""
        self._taken.add(pointer)
        self.leaves.append(Leaf(pointer, location, text))

    def choice(self, name: str, location: str, among: Map[str, Value]) -> Value | None:
        """What a word stands for, whatever its case; None where it is missing."""
        pointer, value = self._found(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise Unfit(Reason.WRONG_TYPE, pointer)
        if value.strip().casefold() not in among:
            raise Unfit(Reason.UNKNOWN_VALUE, pointer)
        chosen = among[value.strip().casefold()]
        self.take(pointer, location, str(chosen))
        return chosen

    def flag(self, name: str, location: str, *, default: bool) -> bool:
        """True or false; the default where it is missing. Without a location it stays in the rest."""
        pointer, value = self._found(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise Unfit(Reason.WRONG_TYPE, pointer)
        if location:
            self.take(pointer, location, str(value))
        return value

    def number(self, name: str, location: str) -> float | None:
        """A finite number of any of BSON's kinds."""
        pointer, value = self._found(name)
        if value is None:
            return None
        if isinstance(value, Decimal128):
            decimal = value.to_decimal()
            value = float(decimal) if decimal.is_finite() else math.nan
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise Unfit(Reason.WRONG_TYPE, pointer)
        if not math.isfinite(value):
            raise Unfit(Reason.NOT_A_NUMBER, pointer)
        number = float(value) + 0.0  # which makes zero of -0.0
        self.take(pointer, location, repr(number))
        return number

    def moment(self, name: str, location: str) -> datetime | None:
        """An instant: BSON's are UTC, to the millisecond; texts say their zone or stand in the declared one."""
        pointer, value = self._found(name)
        if value is None or value == "":
            return None
        moment = value if isinstance(value, datetime) else self._written_moment(pointer, value)
        self.take(pointer, location, moment.isoformat())
        return moment

    def day(self, name: str, location: str, now: datetime) -> BirthDate | None:
        """A day of birth, or its month or year: a text, or an instant at midnight in UTC or the declared zone."""
        pointer, value = self._found(name)
        if value is None or value == "":
            return None
        try:
            born = birth_date(self._written_day(pointer, value))
        except DomainError:
            raise Unfit(Reason.DATE, pointer) from None
        if born is None or born.first > now.date():
            raise Unfit(Reason.DATE, pointer)
        self.take(pointer, location, str(born))
        return born

    def said(self, name: str) -> Any:
        """Whatever stands there; it stays in the rest."""
        return self._found(name)[1]

    def reference(self, name: str) -> tuple[str, Any]:
        """The `_id` of another document, with the pointer; see `take` for where it went."""
        pointer, value = self._found(name)
        if value is None or value == "":
            return pointer, None
        return pointer, key_in(value)

    def references(self, name: str) -> list[Any]:
        """The `_id` of each of several documents, or of one; they stay in the rest."""
        said = self.said(name)
        return [key_in(each) for each in (said if isinstance(said, list) else [said]) if each not in (None, "")]

    def _found(self, name: str) -> tuple[str, Any]:
        value: Any = self.document
        pointer = ""
        for key in self._fields[name].split("."):
            pointer += f"/{escaped(key)}"
            if value is not None and not isinstance(value, dict):
                raise Unfit(Reason.WRONG_TYPE, pointer)
            value = None if value is None else value.get(key)
        return pointer, value

    def _opened(self, pointer: str, value: Any) -> str:
        if isinstance(value, bytes):
            value = value.decode("ascii", "replace")
        if not isinstance(value, str):
            raise Unfit(Reason.WRONG_TYPE, pointer)
        if not value.startswith(TOKEN):
            return value
        try:
            return open_legacy(value)
        except OpeningFailed:
            raise Unfit(Reason.SHUT, pointer) from None

    def _written_moment(self, pointer: str, value: Any) -> datetime:
        if not isinstance(value, str):
            raise Unfit(Reason.WRONG_TYPE, pointer)
        try:
            said = datetime.fromisoformat(value.strip())
            return said.astimezone(UTC) if said.tzinfo is not None else self._local_moment(pointer, said)
        except (OverflowError, ValueError):
            raise Unfit(Reason.DATE, pointer) from None

    def _local_moment(self, pointer: str, said: datetime) -> datetime:
        zone = self.mapping.zone
        if zone is None:
            raise Unfit(Reason.NAIVE_DATE, pointer)
        local = said.replace(tzinfo=zone)
        moment = local.astimezone(UTC)
        never = moment.astimezone(zone).replace(tzinfo=None) != said
        if never or local.utcoffset() != local.replace(fold=1).utcoffset():
            raise Unfit(Reason.NO_SUCH_TIME, pointer)
        return moment

    def _written_day(self, pointer: str, value: Any) -> str:
        if isinstance(value, datetime):
            zones = [UTC, *([self.mapping.zone] if self.mapping.zone else [])]
            try:
                days = [local.date() for zone in zones if (local := value.astimezone(zone)).time() == time()]
            except OverflowError:
                raise Unfit(Reason.DATE, pointer) from None
            if not days:
                raise Unfit(Reason.NAIVE_DATE, pointer)
            return days[0].isoformat()
        text = self._opened(pointer, value).strip()
        for form in self.mapping.date_formats:
            try:
                return _day_in(text, form).isoformat()
            except ValueError:
                continue
        return text.removesuffix("T00:00:00")


def _day_in(text: str, form: str) -> date:
    return datetime.strptime(text, form).replace(tzinfo=UTC).date()
