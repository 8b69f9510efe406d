"""The words in a resource: notes, narrative and attached plain text."""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterable
from html.parser import HTMLParser

from typing_extensions import override

from chiron.interop.errors import Fault
from chiron.interop.fhir.reading.elements import Element

LONGEST = 50_000
CHARSET = re.compile(r"charset=\"?(utf-8|iso-8859-1|us-ascii)\b", re.IGNORECASE)
BREAKING = frozenset(
    {
        "p",
        "div",
        "br",
        "li",
        "ul",
        "ol",
        "tr",
        "table",
        "caption",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "blockquote",
        "pre",
    }
)
UNREAD = frozenset({"script", "style", "head", "title"})


def narrative(resource: Element) -> str:
    """The words of `text.div`; its markup is left out, never interpreted."""
    text = resource.one("text")
    div = text.text("div") if text is not None else ""
    return words_of(div) if div else ""


def words_of(markup: str) -> str:
    reader = Words()
    reader.feed(markup)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line)


class Words(HTMLParser):
    """Collects what a browser would show, line by line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unread = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.unread += tag in UNREAD
        if tag in BREAKING:
            self.parts.append("\n")

    @override
    def handle_endtag(self, tag: str) -> None:
        self.unread -= tag in UNREAD and self.unread > 0
        if tag in BREAKING:
            self.parts.append("\n")

    @override
    def handle_data(self, data: str) -> None:
        if not self.unread:
            self.parts.append(re.sub(r"\s+", " ", data))


def notes(resource: Element) -> Iterable[str]:
    """The texts of the annotations on a resource."""
    return (note.text("text").strip() for note in resource.either("note"))


def attached(attachment: Element) -> str:
    """The plain text carried inside an Attachment; empty for other content and for what lies elsewhere.

    Raises Fault when the data is not base64 or the bytes are not text.
    """
    kind, data = attachment.text("contentType"), attachment.text("data")
    if not data or kind.partition(";")[0].strip().lower() != "text/plain":
        return ""
    charset = CHARSET.search(kind)
    try:
        text = b64decode("".join(data.split()), validate=True).decode(charset[1] if charset else "utf-8")
    except (Error, ValueError):
        raise Fault(f"{attachment.path}.data is not base64 of plain text.") from None
    return text.replace("\x00", "").strip()


def together(parts: Iterable[str]) -> str:
    """Texts under each other, each once, at most 50,000 characters; the original keeps the rest."""
    return "\n".join(dict.fromkeys(part for part in parts if part))[:LONGEST]
