"""What is typed at the desk. Refusals are said at the field that they are about, and nothing that was typed is lost."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms

from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, atomic
from chiron.kernel.errors import DomainError, Invalid, invalid

LINE = 500


class Seen(forms.Form):
    """A button: the version that its page showed, and the day to which to go back."""

    version = forms.IntegerField(min_value=1)
    day = forms.DateField(required=False)
    doctor = forms.UUIDField(required=False)


class Reason(Seen):
    """Why an appointment is cancelled."""

    reason = forms.CharField(max_length=LINE, required=False)


def said(form: type[forms.Form], sent: Mapping[str, Any]) -> dict[str, Any]:
    """What a form without a page of its own says. Raises Invalid."""
    filled = form(sent)
    if not filled.is_valid():
        raise invalid("is not valid", "body", next(iter(filled.errors)))
    return filled.cleaned_data


class Attempt(forms.Form):
    """A form behind which stands one verb, and that comes back with the reason where the verb refuses.

    ``places`` says at which field the refusal of a code is answered; what no field is at fault for stands above all.
    """

    places: ClassVar[Mapping[str, str]] = {}
    status = 200

    def perform(self, by: Caller, now: datetime) -> object:
        """Call the verb with `cleaned_data`. Raises DomainError."""
        return None

    def attempt(self, by: Caller, now: datetime) -> object:
        """What the verb answers; None where it refused, which leaves nothing behind.

        What the caller may not see, or not do, is no fault of the form: NotPermitted and NotFound are raised.
        """
        if not self.is_valid():
            self.status = Invalid.status
            return None
        try:
            with atomic(CLINICAL):
                return self.perform(by, now)
        except DomainError as refusal:
            if refusal.status in (403, 404):
                raise
            self._take(refusal)
            return None

    def _take(self, refusal: DomainError) -> None:
        """Say why not, at the field at fault."""
        self.status = refusal.status
        for each in refusal.errors:
            named = [str(part) for part in each["loc"] if part in self.fields]
            self.add_error(named[-1] if named else None, each["msg"])
        if not refusal.errors:
            self.add_error(self.places.get(refusal.code), str(refusal))
