"""References between resources (FHIR R4, References): what they may look like and where they lead."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar
from urllib.parse import quote, unquote

from chiron.interop.errors import Fault

DEEPEST = 64
TOO_DEEP = f"The JSON nests deeper than {DEEPEST} levels."

Target = TypeVar("Target")

RELATIVE = re.compile(r"([A-Z][A-Za-z]{1,63}/[A-Za-z0-9.\-]{1,64})(?:/_history/[A-Za-z0-9.\-]{1,64})?")
SEARCH = re.compile(r"[A-Z][A-Za-z]{1,63}\?.+")
ELSEWHERE = re.compile(r"https?://\S+")
NAME = re.compile(r"[A-Za-z]{1,64}")
NAMED = re.compile(r"urn:[a-z0-9][a-z0-9\-]{0,31}:\S+", re.IGNORECASE)
TYPED = re.compile(
    r"(?:^|/)(?P<type>[A-Z][A-Za-z]{1,63})(?:/[A-Za-z0-9.\-]{1,64}(?:/_history/[A-Za-z0-9.\-]{1,64})?|\?.+)$"
)


class Index(Generic[Target]):
    """What a reference leads to: by full URL, or by type and id."""

    def __init__(self) -> None:
        self._targets: dict[str, Target] = {}

    def add(self, name: str, target: Target) -> bool:
        """Whether the name was still free."""
        return self._targets.setdefault(name, target) is target

    def found(self, reference: str) -> Target | None:
        """The target; a reference to one version of a resource leads to the resource."""
        target = self._targets.get(reference)
        if target is None and "/_history/" in reference:
            return self._targets.get(reference.rpartition("/_history/")[0])
        if target is None and "?" in reference:
            return self._targets.get(unquote(reference))
        return target


def references(resource: dict[str, Any]) -> Iterator[str]:
    """Every literal reference in a resource. Raises Fault where it nests deeper than 64 levels."""
    level: list[Any] = [resource]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                reference = each.get("reference")
                if isinstance(reference, str):
                    yield reference
                below += each.values()
            elif isinstance(each, list):
                below += each
        if not below:
            return
        level = below
    raise Fault(TOO_DEEP)


def dangling(resource: dict[str, Any], leads_somewhere: Callable[[str], bool]) -> str | None:
    """Why a reference of this resource leads nowhere, with its path; None where all lead somewhere.

    `leads_somewhere` is asked about `urn:` and `Type/id` references only. Searches and URLs point outside the bundle
    and stand as they are. Raises Fault where the resource nests deeper than 64 levels.
    """
    inside = contained_ids(resource)
    for reference in references(resource):
        if reference.startswith("#"):
            lost = reference != "#" and reference[1:] not in inside
        elif RELATIVE.fullmatch(reference) or NAMED.fullmatch(reference):
            lost = not leads_somewhere(reference)
        else:
            lost = not (SEARCH.fullmatch(reference) or ELSEWHERE.fullmatch(reference))
        if lost:
            return f"The reference at {path_of(resource, reference)} leads to nothing in this file and nothing known."
    return None


def searches(resource: dict[str, Any]) -> Iterator[str]:
    """The searches that find this resource: by each of its identifiers."""
    identifiers = resource.get("identifier")
    for each in identifiers if isinstance(identifiers, list) else []:
        if isinstance(each, dict) and isinstance(each.get("value"), str):
            yield f"{resource.get('resourceType')}?identifier={each.get('system', '')}|{each['value']}"


def search_for(kind: str, system: str, value: str) -> str:
    """The reference that searches by an identifier, as `searches` names it."""
    return f"{kind}?identifier={quote(f'{system}|{value}')}"


def type_in(reference: str) -> str:
    """The type of resource that a reference says it points at, "" where it does not say."""
    typed = TYPED.search(reference)
    return typed["type"] if typed else ""


def contained_ids(resource: dict[str, Any]) -> set[str]:
    contained = resource.get("contained")
    each_one = contained if isinstance(contained, list) else []
    return {each["id"] for each in each_one if isinstance(each, dict) and isinstance(each.get("id"), str)}


def path_of(resource: dict[str, Any], reference: str) -> str:
    """Where a reference stands, as in `Observation.subject`; paths, never values."""
    kind = str(resource.get("resourceType", ""))
    waiting: list[tuple[str, Any]] = [(kind, resource)]
    while waiting:
        path, each = waiting.pop()
        if isinstance(each, dict):
            if each.get("reference") == reference:
                return path
            waiting += [(f"{path}.{name if NAME.fullmatch(name) else '?'}", below) for name, below in each.items()]
        elif isinstance(each, list):
            waiting += [(f"{path}[{position}]", below) for position, below in enumerate(each)]
    return kind
