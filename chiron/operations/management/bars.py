"""How far something long has come, on the terminal of whoever waits for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from chiron.operations.backup.watch import Watch


@contextmanager
def bars() -> Iterator[Watch]:
    """A bar for each stage."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True) as progress:
        stages: list[TaskID] = []

        def begin(stage: str, total: int) -> None:
            stages.append(progress.add_task(stage, total=total))

        def advance(name: str, steps: int = 1) -> None:
            progress.advance(stages[-1], steps)

        yield Watch(begin, advance, lambda: console.print("waiting for a migration, or a new organization"))
