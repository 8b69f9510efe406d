"""Where bundles lie: those that are shipped with Chiron, and a site's own, each by its hash."""

import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

from django.conf import settings

from chiron.screening.errors import BundleMissing
from chiron.screening.model.bundles import Bundle
from chiron.screening.model.folders import BundleDamaged, read_bundle

FOLDER = Path(__file__).parent / "bundles"
SHIPPED: dict[str, str] = {
    "nhanes-2003-1": "5a3a614f2bef70ab43da61cec049569b9d1f96e83a9ede1bcfaf6008c9d6bdc7",
}
"""The bundles that Chiron may bring along: the folder's name, and the hash that it must have. The newest comes last."""

LENGTH = 64


def bundle_for(content_hash: str) -> Bundle:
    """The bundle with that hash; once read, a process keeps it. Raises BundleMissing where it is away or damaged."""
    try:
        return _bundle(_place(content_hash), content_hash)
    except BundleDamaged:
        raise BundleMissing from None


def bundle_if_whole(content_hash: str) -> Bundle | None:
    """The same, or None. What was found damaged is read again only once its files have changed."""
    try:
        place = _place(content_hash)
        changed_at = tuple((place / name).stat().st_mtime_ns for name in ("bundle.json", "card.json"))
    except (BundleMissing, OSError):
        return None
    return _attempt(place, content_hash, changed_at)


def bundle_on_disk(content_hash: str) -> Bundle:
    """The same, read anew, whatever a process keeps of it. Raises BundleMissing."""
    try:
        return _read(_place(content_hash), content_hash)
    except BundleDamaged:
        raise BundleMissing from None


def reference_bundle() -> Bundle:
    """The newest of the bundles that are shipped. Raises BundleMissing where none is."""
    if not SHIPPED:
        raise BundleMissing
    return bundle_for([*SHIPPED.values()][-1])


def bundles_there() -> list[Bundle]:
    """Every bundle that can answer: those that are shipped, then a site's own. A damaged one is left out."""
    found = []
    for folder, content_hash in _all():
        try:
            found.append(_bundle(folder, content_hash))
        except BundleDamaged:
            continue
    return found


def put_bundle(folder: Path) -> Bundle:
    """Put a site's own bundle on the shelf, all of it or nothing. Raises BundleDamaged."""
    bundle = read_bundle(folder)
    place = _place(bundle.content_hash)
    if not place.exists():
        settings.BUNDLES_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = Path(mkdtemp(dir=settings.BUNDLES_DIR, prefix="new-"))
        shutil.copytree(folder, beside, dirs_exist_ok=True)
        beside.rename(place)
    return bundle


def changed_bundles() -> list[str]:
    """One line for each bundle on the shelf that is not what its hash says."""
    faults = []
    for folder, content_hash in _all():
        try:
            _read(folder, content_hash)
        except BundleDamaged as damage:
            faults.append(str(damage))
    return faults


def _all() -> Iterator[tuple[Path, str]]:
    yield from ((FOLDER / name, content_hash) for name, content_hash in SHIPPED.items())
    if settings.BUNDLES_DIR.is_dir():
        yield from ((each, each.name) for each in sorted(settings.BUNDLES_DIR.iterdir()) if _is_hash(each.name))


def _is_hash(name: str) -> bool:
    return len(name) == LENGTH and not set(name) - set("0123456789abcdef")


def _place(content_hash: str) -> Path:
    for name, allowed in SHIPPED.items():
        if allowed == content_hash:
            return FOLDER / name
    if not _is_hash(content_hash):
        raise BundleMissing
    return Path(settings.BUNDLES_DIR) / content_hash


def _read(folder: Path, content_hash: str) -> Bundle:
    bundle = read_bundle(folder)
    if bundle.content_hash != content_hash:
        raise BundleDamaged(f"{folder.name} holds another bundle than it may: {bundle.content_hash}")
    return bundle


@lru_cache(maxsize=16)
def _attempt(folder: Path, content_hash: str, changed_at: tuple[int, ...]) -> Bundle | None:
    try:
        return _bundle(folder, content_hash)
    except BundleDamaged:
        return None


@lru_cache(maxsize=16)
def _bundle(folder: Path, content_hash: str) -> Bundle:
    return _read(folder, content_hash)
