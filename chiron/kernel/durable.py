"""What outlives a loss of power."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Have the disk itself hold a file's content, or a folder's names (fsync). Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
