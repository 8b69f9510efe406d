"""Bundles as folders: `bundle.json` is what the hash is of, `card.json` says the same to a reader.

The hash is the SHA-256 of the content as canonical JSON (keys sorted, no white space, the shortest digits that mean a
number), so it is of the trees and what goes with them, and not of how a file is laid out.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Never

from chiron.screening.model.bundles import Bundle

FORMAT = "chiron-b12-bundle/1"
LARGEST = 64 * 1024 * 1024


class BundleDamaged(Exception):
    """A folder does not hold the bundle that its hash says."""


def canonical(content: Mapping[str, Any]) -> bytes:
    """The one form of a content. Raises ValueError for a number that is not finite."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def hash_of(content: Mapping[str, Any]) -> str:
    return sha256(canonical(content)).hexdigest()


def write_bundle(
    folder: Path,
    *,
    name: str,
    version: str,
    features: Sequence[str],
    stages: Sequence[Mapping[str, Any]],
    thresholds: Mapping[str, Any],
    boxes: Mapping[str, Sequence[float]],
    reference: Mapping[str, Any],
    gate: Mapping[str, Any],
    label: Mapping[str, Any],
    training: Mapping[str, Any],
    card: Mapping[str, Any],
) -> Bundle:
    """Write a bundle into a folder and read it back. Stages are made by `exported.stage_of`.

    All that is given belongs to the hash: what is not the same when trained again (a clock, a path) stays out of it.
    Raises BundleDamaged where this is no bundle, ValueError for a number that is not finite; then nothing is written.
    """
    given = {
        "format": FORMAT,
        "name": name,
        "version": version,
        "features": list(features),
        "stages": list(stages),
        "thresholds": thresholds,
        "boxes": boxes,
        "reference": reference,
        "gate": gate,
        "label": label,
        "training": training,
        "card": card,
    }
    content = json.loads(json.dumps(given))
    bundle = _bundle(content, hash_of(content))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bundle.json").write_bytes(canonical({**content, "content_hash": bundle.content_hash}) + b"\n")
    (folder / "card.json").write_text(json.dumps(content["card"], indent=2, ensure_ascii=False) + "\n")
    return bundle


def read_bundle(folder: Path) -> Bundle:
    """The bundle in a folder. Raises BundleDamaged where it is missing, or not what its hash says."""
    content = _json(folder / "bundle.json")
    stated = content.pop("content_hash", None)
    if content.get("format") != FORMAT:
        raise BundleDamaged(f"{folder.name} is of another format")
    found = hash_of(content)
    if stated != found:
        raise BundleDamaged(f"{folder.name} was changed: its content hashes to {found}")
    if _json(folder / "card.json") != content.get("card"):
        raise BundleDamaged(f"{folder.name} was changed: its card says something else")
    return _bundle(content, found)


def _bundle(content: dict[str, Any], content_hash: str) -> Bundle:
    try:
        return Bundle.read(content, content_hash)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleDamaged(f"this is no bundle: {error}") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise BundleDamaged(f"{path.parent.name}/{path.name} is too large")
        found = json.loads(path.read_bytes(), parse_constant=_refused)
    except (OSError, ValueError, RecursionError) as error:
        raise BundleDamaged(f"{path.parent.name}/{path.name} cannot be read") from error
    if not isinstance(found, dict):
        raise BundleDamaged(f"{path.parent.name}/{path.name} holds no object")
    return found


def _refused(constant: str) -> Never:
    raise ValueError(f"{constant} is not JSON")
