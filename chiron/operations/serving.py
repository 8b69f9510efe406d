"""Serving: the API with its workers, and the sealer, in one process tree that ends cleanly."""

import multiprocessing
import socket

from django.conf import settings
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server as Granian

from chiron.audit.public import Sealer
from chiron.jobs.public import Worker

LAST_CALL = 10
"""Seconds that requests and streams under way are given to end when the server is asked to."""


class PortTaken(Exception):
    """Another program answers there already; the text says what to do."""


def must_be_free(address: str, port: int) -> None:
    """Raise PortTaken where another program listens; the server itself would share the port with it in silence."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise PortTaken(
                f"Nothing can be served at {address}:{port} ({error.strerror}): choose another with --port."
            ) from None


def serve(address: str, port: int, workers: int) -> None:
    """Answer requests until interrupted. Sealer and worker run in this process, the requests in ``workers`` others.

    Raises PortTaken.
    """
    must_be_free(address, port)
    # Forked while a thread of ours holds a lock (an import's, say), a process would wait for it for ever.
    multiprocessing.set_start_method("spawn", force=True)
    sealer, worker = Sealer(), Worker()
    sealer.start()
    worker.start()
    try:
        Granian(
            "config.asgi:application",
            address=address,
            port=port,
            interface=Interfaces.ASGI,
            workers=workers,
            workers_kill_timeout=LAST_CALL,
            log_access=False,
            log_level=LogLevels.warning,
            process_name=None,
        ).serve()
    finally:
        worker.stop()
        sealer.stop()


def default_workers() -> int:
    """How many processes answer where nobody says."""
    return 1 if settings.DEBUG else 2
