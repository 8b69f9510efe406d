"""What can be done later: each job is a function with a name, declared once in its app's ``tasks.py``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.module_loading import autodiscover_modules
from pydantic import validate_call

Act = Callable[..., None]
ATTEMPTS = 8
PLAIN = (UUID, bool, int, date, datetime)


@dataclass(frozen=True, slots=True)
class Job:
    """Something that can be done later. ``every`` is a cron line in UTC for what asks for itself."""

    name: str
    act: Act
    attempts: int = ATTEMPTS
    every: str = ""

    def __call__(self, **arguments: Any) -> None:
        """Do it now, with arguments as they come out of the queue; pydantic turns text into ids and times again."""
        validate_call(self.act)(**arguments)


JOBS: dict[str, Job] = {}


def job(name: str, *, attempts: int = ATTEMPTS, every: str = "") -> Callable[[Act], Job]:
    """Declare a job. It takes ids, numbers and times by keyword, runs in one transaction, and may be tried again.

    Within the transaction of its organization where it was asked for by one, else of accounts. A periodic job takes no
    arguments and belongs to no organization. After ``attempts`` failures, each further apart, it is dead.
    """

    def declare(act: Act) -> Job:
        if name in JOBS:
            raise ValueError(f"two jobs are called {name}")
        JOBS[name] = Job(name, act, attempts, every)
        return JOBS[name]

    return declare


def all_jobs() -> dict[str, Job]:
    """Every job of every app."""
    autodiscover_modules("tasks")
    return JOBS


def as_arguments(given: dict[str, Any]) -> dict[str, Any]:
    """Arguments as the queue keeps them.

    Raises TypeError for anything but ids, numbers and times: the queue is read by operators, so no text of people.
    """
    for name, value in given.items():
        if value is not None and not isinstance(value, PLAIN):
            raise TypeError(f"a job's argument {name} is a {type(value).__name__}: pass an id and read the rest")
    return {name: value if value is None or isinstance(value, int) else str(value) for name, value in given.items()}
