"""Forms of the administration: each stands before one verb, wears the theme, and says of refusals only why."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django import forms
from pydantic import BaseModel, ValidationError
from typing_extensions import override
from unfold import widgets  # type: ignore[import-untyped]

from chiron.kernel.access import Caller
from chiron.kernel.errors import DomainError, Invalid
from chiron.kernel.ids import NIL
from chiron.kernel.problems import fault

Shape = TypeVar("Shape", bound=BaseModel)
DRESSES: dict[type[forms.Widget], type[forms.Widget]] = {
    forms.TextInput: widgets.UnfoldAdminTextInputWidget,
    forms.NumberInput: widgets.UnfoldAdminTextInputWidget,
    forms.PasswordInput: widgets.UnfoldAdminPasswordWidget,
    forms.Textarea: widgets.UnfoldAdminTextareaWidget,
    forms.Select: widgets.UnfoldAdminSelectWidget,
    forms.CheckboxInput: widgets.UnfoldBooleanWidget,
}
PICKERS: dict[type[forms.Widget], str] = {forms.DateInput: "date", forms.DateTimeInput: "datetime-local"}


class Dressed(forms.Form):
    """A form in the theme's clothes; days and times are picked by the browser's own means."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            worn = type(field.widget)
            if worn in DRESSES:
                field.widget = DRESSES[worn](attrs=field.widget.attrs)
            if worn in PICKERS:
                field.widget.input_type = PICKERS[worn]
                field.widget.attrs |= {"class": " ".join(widgets.INPUT_CLASSES), "step": "any"}
            if isinstance(field, forms.ChoiceField):
                field.widget.choices = field.choices


class Moment(forms.DateTimeField):
    """An instant, as the organization's clocks show it."""

    widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M:%S")


HIDDEN = ("version", "place")


class Act(Dressed):
    """A form behind which stands one verb; `need` is what the policy is asked for it, `row_id` what it is about."""

    slug: ClassVar[str]
    label: ClassVar[str]
    need: ClassVar[tuple[str, str]]
    creates: ClassVar[bool] = False
    grave: ClassVar[bool] = False

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    place = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, by: Caller, row_id: UUID, data: Mapping[str, Any] | None = None) -> None:
        self.by, self.row_id, self.done = by, row_id, row_id if row_id != NIL else None
        super().__init__(data, initial={"place": by.organization_id, **self.said(looked_at=data is None)})

    def clean_place(self) -> UUID | None:
        """Refuse a form that was opened where its caller sat before, in another window."""
        place: UUID | None = self.cleaned_data["place"]
        if place not in (None, self.by.organization_id):
            raise forms.ValidationError("This form was opened in another organization; nothing was changed.")
        return place

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        """What the fields hold before somebody types; where it is only looked at, that is an event. Raises NotFound."""
        return {}

    def perform(self, now: datetime) -> UUID | None:
        """Call the verb with `cleaned_data`; answer the id of the row to show, None for the list."""
        raise NotImplementedError

    def changed(self) -> dict[str, Any]:
        """Only what was typed anew, so that nothing is lost of what a form does not show whole."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name not in HIDDEN}

    def typed(self) -> dict[str, Any]:
        """Everything that was typed; what is not known is left out."""
        said = self.cleaned_data.items()
        return {name: value for name, value in said if name not in HIDDEN and value is not None}

    def take(self, refusal: DomainError) -> None:
        """Say why not, at the field at fault where the refusal names one."""
        for each in refusal.errors:
            named = [part for part in each["loc"] if part in self.fields]
            self.add_error(str(named[-1]) if named else None, f"{each['msg']}{self._which_line(each['loc'])}")
        if not refusal.errors:
            self.add_error(None, str(refusal))

    def _which_line(self, loc: Sequence[str | int]) -> str:
        """Of a list with one entry a line, the entry at fault and its part."""
        for name, at, *part in zip(loc, loc[1:], [*loc[2:], ""], strict=False):
            if isinstance(at, int) and isinstance(self.fields.get(str(name)), Lines):
                return f" (line {at + 1}, {part[0]})" if part[0] else f" (line {at + 1})"
        return ""


class Lines(forms.CharField):
    """A list with one entry a line: of one part plain text, of several a mapping, with a bar between the parts.

    A bar that belongs to a part is written with a backslash before it.
    """

    def __init__(self, *parts: str, label: str) -> None:
        self.parts = parts
        help_text = f"One a line: {' | '.join(parts)}" if len(parts) > 1 else "One a line."
        super().__init__(required=False, label=label, help_text=help_text, widget=forms.Textarea(attrs={"rows": 2}))

    @override
    def clean(self, value: Any) -> list[Any]:
        return [self._entry(line) for line in _lines(super().clean(value))]

    @override
    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else "\n".join(self._line(each) for each in value)

    @override
    def has_changed(self, initial: Any, data: Any) -> bool:
        return _lines(self.prepare_value(initial)) != _lines(data)

    def _entry(self, line: str) -> Any:
        said = [part.strip().replace(r"\|", "|") for part in re.split(r"(?<!\\)\|", line)]
        if len(said) > len(self.parts):
            raise forms.ValidationError(f"A line has at most {len(self.parts)} parts.")
        return dict(zip(self.parts, said, strict=False)) if len(self.parts) > 1 else line

    def _line(self, entry: Any) -> str:
        if len(self.parts) == 1:
            return str(entry)
        parts = [str(entry.get(part) or "").replace("|", r"\|") for part in self.parts]
        return re.sub(r"( \| ?)+$", "", " | ".join(parts))


def _lines(text: Any) -> list[str]:
    return [line.strip() for line in str(text or "").splitlines() if line.strip()]


def shaped(shape: type[Shape], said: Mapping[str, Any]) -> Shape:
    """What was typed, judged by the shape that the API takes. Raises Invalid without what was typed."""
    try:
        return shape.model_validate(said)
    except ValidationError as error:
        raise Invalid(errors=[fault(dict(each)) for each in error.errors()]) from None


def choices(values: Sequence[tuple[str, str]], nothing: str = "any") -> list[tuple[str, str]]:
    """The values of a vocabulary, with one for no matter which."""
    return [("", nothing), *values]
