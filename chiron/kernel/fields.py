"""Data classes of fields: every column says what kind of data it holds, or CI fails.

Used as wrappers: ``birth_date = personal(models.DateField(null=True))``. The class decides what may be logged,
exported, released to research or blanked by an erasure: `blank_of` says with what, ``erased=`` where that is not plain.
"""

from enum import StrEnum
from typing import Any, TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from typing_extensions import override


class DataClass(StrEnum):
    """What a column holds, from harmless to dangerous."""

    PUBLIC = "public"
    OPERATIONAL = "operational"
    PERSONAL = "personal"
    CLINICAL = "clinical"
    SECRET = "secret"  # noqa: S105


AnyField = TypeVar("AnyField")


PLAIN = object()


def _classed(field: AnyField, data_class: DataClass, erased: object = PLAIN) -> AnyField:
    field.data_class = data_class  # type: ignore[attr-defined]
    field.erased = erased  # type: ignore[attr-defined]
    return field


def public(field: AnyField) -> AnyField:
    """May be shown to anybody."""
    return _classed(field, DataClass.PUBLIC)


def operational(field: AnyField) -> AnyField:
    """Needed to run the system; names no person."""
    return _classed(field, DataClass.OPERATIONAL)


def personal(field: AnyField, *, erased: object = PLAIN) -> AnyField:
    """Identifies or contacts a person."""
    return _classed(field, DataClass.PERSONAL, erased)


def clinical(field: AnyField, *, erased: object = PLAIN) -> AnyField:
    """Says something about a patient's health."""
    return _classed(field, DataClass.CLINICAL, erased)


def secret(field: AnyField) -> AnyField:
    """Opens something else: keys, password hashes, seeds. Never leaves its database."""
    return _classed(field, DataClass.SECRET)


class SealedField(models.BinaryField):  # type: ignore[type-arg]
    """Ciphertext of the vault, and nothing else; reading the column yields the sealed bytes.

    What is sealed ``once`` stays the same bytes for good: no rotation of keys seals it again.
    """

    description = "Vault ciphertext"

    def __init__(self, *args: Any, once: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.once = once

    def from_db_value(self, value: object, *_: object) -> bytes | None:
        return bytes(value) if isinstance(value, memoryview) else value  # type: ignore[return-value]


class MeasuredField(models.DecimalField):  # type: ignore[type-arg]
    """A decimal number that keeps the digits it was measured with: 7.20 does not come back as 7.2 or 7.2000."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"max_digits": 30, "decimal_places": 15} | kwargs))

    @override
    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric"


def is_of_a_person(field: "models.Field[Any, Any]") -> bool:
    """Whether a column says something about a person, so that an erasure of that person blanks it."""
    return getattr(field, "data_class", None) in (DataClass.PERSONAL, DataClass.CLINICAL)


def blank_of(field: "models.Field[Any, Any]") -> Any:
    """What an erasure leaves in such a column: what its class was given, else nothing, no bytes, or its default.

    Raises LookupError where the column can hold none of these and nobody said what it shall hold.
    """
    erased = getattr(field, "erased", PLAIN)
    if erased is not PLAIN:
        return erased
    if field.null:
        return None
    if isinstance(field, SealedField):
        return b""
    if field.has_default():
        return field.get_default()
    raise LookupError(f"{field} does not say what an erasure leaves in it: give its data class erased=…")
