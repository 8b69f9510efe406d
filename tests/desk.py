"""What a browser does with a form of the administration."""

from typing import Any

from django import forms


def filled(answer: Any, **typed: str) -> dict[str, str]:
    """What a browser sends for a form as it stands, with what somebody typed; an empty word unticks a box."""
    sent: dict[str, str] = {}
    for field in answer.context["form"]:
        value = field.value()
        if isinstance(field.field, forms.BooleanField):
            sent |= {field.name: "on"} if value else {}
        else:
            shown = field.field.widget.format_value(value)
            sent[field.name] = str(shown[0] if isinstance(shown, list) and shown else shown or "")
    return {name: value for name, value in (sent | typed).items() if value}


def faults(answer: Any) -> dict[str, list[str]]:
    """What a form that came back says is wrong, by field."""
    return {name: list(errors) for name, errors in answer.context["form"].errors.items()}
