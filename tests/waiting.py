"""Waiting for what another process or thread does."""

import time
from collections.abc import Callable
from threading import Event


def until(happened: Callable[[], object], seconds: float = 30) -> None:
    """Wait for it; a test that waits in vain fails here."""
    deadline, pause = time.monotonic() + seconds, Event()
    while not happened():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        pause.wait(0.02)
