"""Finding the one of very many addresses: by its first word, and then among those that share it."""

from collections.abc import Iterable
from typing import Any

from django.urls import URLPattern, URLResolver, include, path
from django.urls.resolvers import RoutePattern


def by_first_word(patterns: Iterable[Any]) -> list[URLPattern | URLResolver]:
    """The same addresses, with those that share a first word behind one door.

    Django tries one address after the other; so it passes by a word's addresses all at once. The order within a word
    stays; a first part that is no word stays where it was.
    """
    found: list[URLPattern | URLResolver] = []
    behind: dict[str, list[URLPattern | URLResolver]] = {}
    for each in patterns:
        word, slash, rest = str(each.pattern).partition("/")
        if not slash or "<" in word:
            found.append(each)
        else:
            if word not in behind:
                behind[word] = []
                found.append(path(f"{word}/", include(behind[word])))
            each.pattern = RoutePattern(rest, each.pattern.name, is_endpoint=isinstance(each, URLPattern))
            behind[word].append(each)
    return found
