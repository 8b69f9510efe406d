"""What a worker does before it takes its first job; config installs it."""

from collections.abc import Callable
from typing import Any, ClassVar


def _nothing() -> None:
    raise LookupError("config installed no hook")


class Hooks:
    """``before_work``: makes sure that the databases may be worked on; it raises where they may not."""

    before_work: ClassVar[Callable[[], Any]] = staticmethod(_nothing)


def install(*, before_work: Callable[[], Any]) -> None:
    """Connect what stands above (config, once, at start)."""
    Hooks.before_work = staticmethod(before_work)
