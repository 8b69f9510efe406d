"""Parts in a folder of this machine, or on a disk that all servers share."""

from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from django.core.files.storage import FileSystemStorage
from typing_extensions import override

from chiron.kernel.durable import sync


class Folder(FileSystemStorage):
    """Django's storage in a folder, which also has what it saved on the disk itself before it says so."""

    faults: ClassVar[tuple[type[Exception], ...]] = (OSError,)

    def _save(self, name: str, content: Any) -> str:
        saved: str = super()._save(name, content)  # type: ignore[misc]
        path, root = Path(self.path(saved)), Path(self.location)
        for written in (path, *path.parents):
            sync(written)
            if written == root:
                break
        return saved

    @override
    def delete(self, name: str) -> None:
        """Delete an object, and its folder with the last one."""
        super().delete(name)
        with suppress(OSError):  # others are still in it
            Path(self.path(name)).parent.rmdir()
