"""What is told of the progress, for whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass


def _nothing(*_: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Watch:
    """A stage begins, of so many steps; so many steps more are done (one, where none are named); something waits."""

    begin: Callable[[str, int], None] = _nothing
    advance: Callable[..., None] = _nothing
    waiting: Callable[[], None] = _nothing
