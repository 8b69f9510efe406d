"""Several processes that share the work. Nothing here imports a model: a new process reads it before Django is up."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import takewhile
from multiprocessing import get_context, parent_process
from threading import Event, Thread
from typing import TypeVar

import django

Task = TypeVar("Task")
Done = TypeVar("Done")

AHEAD = 2  # tasks a worker that are made before they are begun


class Crew:
    """So many processes, for as long as the context is open; with one, the work is done in this one.

    Once `stop` is set, what was begun is finished and told, and nothing else is begun.
    """

    def __init__(self, workers: int, stop: Event) -> None:
        self.workers = workers
        self.stop = stop
        context = get_context("spawn")
        self.pool = ProcessPoolExecutor(workers, context, prepare) if workers > 1 else None

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *error: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)

    def do(self, work: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[tuple[Task, Done | None]]:
        """Do each task once, in any order; yields each as it is done.

        Once a process has died, every task that was not yet done comes with None.
        """
        wanted = takewhile(lambda _: not self.stop.is_set(), tasks)
        if self.pool is None:
            yield from ((task, work(task)) for task in wanted)
            return
        waiting: dict[Future[Done], Task] = {}
        for task in wanted:
            waiting[begun(self.pool, work, task)] = task
            if len(waiting) >= self.workers * AHEAD:
                yield from finished(waiting)
        while waiting:
            if self.stop.is_set():
                waiting = {future: task for future, task in waiting.items() if not future.cancel()}
            yield from finished(waiting)


def begun(pool: ProcessPoolExecutor, work: Callable[[Task], Done], task: Task) -> "Future[Done]":
    try:
        return pool.submit(work, task)
    except BrokenProcessPool as broken:
        lost: Future[Done] = Future()
        lost.set_exception(broken)
        return lost


def finished(waiting: "dict[Future[Done], Task]") -> Iterator[tuple[Task, Done | None]]:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED) if waiting else (set(), None)
    for each in done:
        task = waiting.pop(each)
        try:
            yield task, each.result()
        except BrokenProcessPool:
            yield task, None


@contextmanager
def stopping() -> Iterator[Event]:
    """An event that the first interrupt sets; the second interrupts."""
    stop = Event()

    def interrupted(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def prepare() -> None:
    """In a new process: leave interrupts to the parent, and end when it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=end_with_parent, daemon=True).start()
    django.setup()


def end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
