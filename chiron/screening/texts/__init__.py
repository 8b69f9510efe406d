"""The sentences of an answer, in the languages of our letters: each language is a file of JSON."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import orjson

from chiron.kernel.letters import language_of


def texts(locale: str) -> Mapping[str, str]:
    """All sentences in the language of that locale (BCP 47), or in the first language where we have none of it."""
    return _read(language_of(locale))


@cache
def _read(language: str) -> Mapping[str, str]:
    said: dict[str, str] = orjson.loads((files("chiron.screening") / "texts" / f"{language}.json").read_bytes())
    return said
