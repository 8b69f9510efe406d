"""What e-mails say, in the language of those who read them.

An app keeps its letters as plain text in ``letters/<language>/<name>.txt``: the subject, an empty line, the body, with
``$word`` where a fact goes. Whoever translates needs a text editor and nothing else; a test sees that every letter is
there in every language and asks for the same facts.
"""

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from string import Template
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name

LANGUAGES = ("en", "fr")
"""The languages of our letters. Who reads none of them gets the first."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What an e-mail says, and a calendar (RFC 5545) for it with the method of its invitation (RFC 5546)."""

    subject: str
    body: str
    calendar: bytes = b""
    method: str = ""


def language_of(locale: str) -> str:
    """The language of our letters for somebody of that locale (BCP 47): ``fr`` for ``fr-CA``."""
    language = locale.partition("-")[0].lower()
    return language if language in LANGUAGES else LANGUAGES[0]


def letter(app: str, name: str, locale: str, **facts: str) -> Letter:
    """A letter of an app (``chiron.identity``) with its facts. Raises KeyError for a fact that is missing."""
    text = (files(app) / "letters" / language_of(locale) / f"{name}.txt").read_text("utf-8")
    subject, _, body = Template(text).substitute(facts).partition("\n\n")
    return Letter(subject, body)


def day_of(instant: datetime, zone: ZoneInfo, locale: str) -> str:
    """The day on a zone's clock, as one says it there: "Tuesday, March 4, 2031", "mardi 4 mars 2031"."""
    return format_date(instant.astimezone(zone), "full", _known(locale))


def time_of(instant: datetime, zone: ZoneInfo, locale: str) -> str:
    """The time on a zone's clock with the zone's name: "14:05 (heure normale d'Europe centrale)"."""
    local, known = instant.astimezone(zone), _known(locale)
    return f"{format_time(local, 'short', tzinfo=zone, locale=known)} ({get_timezone_name(local, locale=known)})"


def _known(locale: str) -> Locale:
    """The customs of a locale where our letters are in its language, else those of the letter's language."""
    language = language_of(locale)
    if locale.lower().startswith(language):
        try:
            return Locale.parse(locale, sep="-")
        except (UnknownLocaleError, ValueError):
            return Locale(language)
    return Locale(language)
