"""What the processes of one server share: whether it is about to end, and where they count what they answered.

Nothing is imported here that needs Django: a process that is just started reads this first.
"""

import os
from ctypes import c_bool
from importlib import import_module
from multiprocessing.sharedctypes import RawValue
from typing import Any

Flag = Any
"""A truth in memory that processes share; reading it costs nothing and waits for nobody."""

_flags: list[Flag] = []
_folders: list[str] = []


def new_flag() -> Flag:
    """A flag that is down; handed to processes as they are started."""
    return RawValue(c_bool, False)


def load(application: str, leaving: Flag, counts: str) -> Any:
    """The application of that module; its process goes by that flag, and counts in that folder if there is one."""
    _flags[:] = [leaving]
    if counts:
        _folders[:] = [counts]
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", counts)  # noqa: TID251  how prometheus-client is told
    return import_module(application).application


def is_leaving() -> bool:
    """Whether no new requests should come, though those that come are still answered."""
    return any(flag.value for flag in _flags)


def counts_folder() -> str:
    """Where the processes of this server count; empty where there is but this one."""
    return "".join(_folders)
