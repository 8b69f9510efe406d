"""The layout of version 1, as `version-1.toml` assumes it and a file of the site's may change it."""

import tomllib
from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chiron.identity.public import ROLES
from chiron.registry.public import Sex
from chiron.screening.public import ResultClass

DEFAULT = Path(__file__).with_name("version-1.toml")


class MappingWrong(Exception):
    """A mapping that cannot be followed; its words name the line."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which collection and which field is what."""

    collections: Map[str, str]
    fields: Map[str, Map[str, str]]
    skip: Map[str, str]
    tenants: Map[str, str]
    systems: Map[str, tuple[str, str]]
    roles: Map[str, str]
    sexes: Map[str, Sex]
    results: Map[str, ResultClass]
    date_formats: tuple[str, ...]
    zone: ZoneInfo | None


def read_mapping(path: Path | None = None, zone: str = "") -> Mapping:
    """The default, with the lines of a file laid over it, and a declared zone over both. Raises MappingWrong."""
    said = _read(DEFAULT)
    for name, value in (_read(path) if path else {}).items():
        if name not in said or type(value) is not type(said[name]):
            raise MappingWrong(f"Nothing is called {name!r}, or it is of another form.")
        said[name] = said[name] | value if isinstance(value, dict) else value
    known = _read(DEFAULT)
    kinds = set(known["collections"])
    for name in kinds:
        if wrong := said[name].keys() - known[name].keys():
            raise MappingWrong(f"[{name}] has no {sorted(wrong)[0]!r}.")
    if wrong := said["collections"].keys() - kinds:
        raise MappingWrong(f"[collections] has no {sorted(wrong)[0]!r}.")
    if not set(said["roles"].values()) <= set(ROLES):
        raise MappingWrong("[roles] names a role that is none.")
    if not set(said["sexes"].values()) <= set(Sex):
        raise MappingWrong("[sexes] names a sex that is none.")
    if not set(said["results"].values()) <= set(ResultClass):
        raise MappingWrong("[results] names a class that is none.")
    return Mapping(
        collections=said["collections"],
        fields={name: said[name] for name in kinds},
        skip=said["skip"],
        tenants=said["tenants"],
        systems={name: (system, kind) for name, (system, kind) in said["systems"].items()},
        roles=said["roles"],
        results={name: ResultClass(value) for name, value in said["results"].items()},
        sexes={name: Sex(value) for name, value in said["sexes"].items()},
        date_formats=tuple(said["date_formats"]),
        zone=_zone(zone or said["zone"]),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MappingWrong(f"{path.name} cannot be read: {error}") from None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        raise MappingWrong(f"{name!r} is not an IANA time zone.") from None
