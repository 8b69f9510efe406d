"""Whether this server is about to end: said by its main process, known in every process that answers for it.

Nothing is imported here that needs Django: a process that is just started reads this first.
"""

from ctypes import c_bool
from importlib import import_module
from multiprocessing.sharedctypes import RawValue
from typing import Any

APPLICATION = "config.asgi"
Flag = Any
"""A truth in memory that processes share; reading it costs nothing and waits for nobody."""

_flags: list[Flag] = []


def new_flag() -> Flag:
    """A flag that is down; handed to processes as they are started."""
    return RawValue(c_bool, False)


def load(flag: Flag) -> Any:
    """The application, in a process that answers; from then on the process goes by that flag."""
    _flags[:] = [flag]
    return import_module(APPLICATION).application


def is_leaving() -> bool:
    """Whether no new requests should come, though those that come are still answered."""
    return any(flag.value for flag in _flags)
