"""What a page of the administration shows in one place: a word, a time, a link, a mark. Everything is escaped."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Link:
    """Something that leads somewhere."""

    text: Any
    url: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A word that stands out; `tone` is one of `plain good warn bad`."""

    text: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their heads, and what is said where there are none."""

    heads: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    title: str = ""

    @property
    def rendered(self) -> dict[str, Any]:
        """In the form that the theme's table takes."""
        return {"headers": self.heads, "rows": [[cell(each) for each in row] for row in self.rows]}


def cell(value: Any) -> SafeString | str:
    """One value as HTML; times are those of the organization, since its zone is active."""
    if value is None or value == "":
        return "–"
    form, said = _form(value)
    return format_html(form, *said)


def _form(value: Any) -> tuple[str, tuple[Any, ...]]:
    match value:
        case bool():
            return "{}", ("yes" if value else "no",)
        case datetime():
            return "<time>{}</time>", (timezone.localtime(value).strftime("%Y-%m-%d %H:%M"),)
        case Link():
            return '<a class="chiron-link" href="{}">{}</a>', (value.url, cell(value.text))
        case Tag():
            return '<span class="chiron-tag chiron-tag-{}">{}</span>', (value.tone, value.text)
        case UUID():
            return '<code title="{}">{}</code>', (value, short(value))
        case _:
            return "<span>{}</span>", (value,)


def short(id: UUID) -> str:
    """The end of an id, by which people tell rows apart (its beginning is a time, and alike for all of a day)."""
    return f"…{str(id)[-8:]}"
