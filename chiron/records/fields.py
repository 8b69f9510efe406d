"""A column for measured numbers."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from typing_extensions import override


class MeasuredField(models.DecimalField):  # type: ignore[type-arg]
    """A decimal number that keeps the digits it was measured with: 7.20 does not come back as 7.2 or 7.2000."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"max_digits": 30, "decimal_places": 15} | kwargs))

    @override
    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric"
