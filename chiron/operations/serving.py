"""Serving: the API with its workers, and the sealer, in one process tree that ends cleanly."""

import multiprocessing
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import Enum
from functools import partial
from typing import Any

import psycopg
from django.conf import settings
from django.db import OperationalError
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import MPServer
from typing_extensions import override

from chiron.audit.public import Sealer
from chiron.jobs.public import Worker
from chiron.kernel import clock
from chiron.kernel.db import close_connections, must_answer
from chiron.operations.backup.targets import is_there
from chiron.operations.metrics import shared_counts
from chiron.operations.processes import Flag, load, new_flag
from chiron.operations.replaying import replay
from chiron.vault.public import OpeningFailed, platform_safe

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


class Granian(MPServer):
    """Granian, which leaves in good order when it is asked to by SIGTERM.

    First `/health/ready` says that no more requests should come, while those that come are still answered; after
    ``seconds``, when a proxy has noticed, nothing new is accepted and what is under way is finished. Asked by SIGINT,
    or a second time, it leaves out the wait.
    """

    def __init__(self, *args: Any, leaving: Flag, seconds: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._leaving, self._seconds, self._at_once = leaving, seconds, threading.Event()

    @override
    def signal_handler_interrupt(self, signum: int = signal.SIGTERM, *args: Any) -> None:
        if self.interrupt_signal or signum == signal.SIGINT:
            self._at_once.set()
        super().signal_handler_interrupt(signum, *args)  # type: ignore[no-untyped-call]

    @override
    def shutdown(self, exit_code: int = 0) -> None:
        self._leaving.value = True
        if self.interrupt_signal:
            self._at_once.wait(self._seconds)
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]


class ForeignMasterKey(Exception):
    """The keys that are kept were wrapped by another master key than those given."""

    def __init__(self) -> None:
        super().__init__(
            "The stored keys were wrapped by another master key: set MASTER_ENCRYPTION_KEY to that one, or give it as "
            "a previous key."
        )


class DatabaseMissing(Exception):
    """A database is not there at all, which is how a restore that was killed leaves things."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no database {name}: either a restore was not finished, and is to be said again, or "
            "`setup_databases` and `migrate` have never run."
        )


def databases_must_be_there() -> None:
    """Raise DatabaseMissing where a server does not have its database; one that is down says nothing."""
    for alias in settings.NEEDED_DATABASES:
        name = settings.DATABASES[alias]["NAME"]
        try:
            must_answer(alias)
        except OperationalError as error:
            if f'database "{name}" does not exist' in str(error) or _is_missing(alias, name):
                raise DatabaseMissing(name) from None
            raise


def _is_missing(alias: str, name: str) -> bool:
    """As the owner sees it: logins may be missing with the database."""
    try:
        return bool(settings.OWNER_DATABASES.get(alias)) and not is_there(alias, name)
    except psycopg.Error:
        return False


def keys_must_open() -> None:
    """Raise ForeignMasterKey where nothing that is kept could be opened."""
    try:
        platform_safe()
    except OpeningFailed:
        raise ForeignMasterKey from None


class Form(Enum):
    """What a server answers: the application that it loads, and by which interface."""

    ALL = "config.asgi", Interfaces.ASGI
    API = "config.wsgi", Interfaces.WSGI
    LIVE = "config.live", Interfaces.ASGI


THREADS = 2


def serve(address: str, port: int, workers: int, form: Form = Form.ALL) -> None:
    """Answer requests until interrupted. Sealer and worker run in this process, the requests in ``workers`` others.

    A server of streams alone leaves sealing and working to those of the API.

    What a restored backup brought back of the erased is erased again before. All this needs the clinical database, so a
    process that only signs people in leaves it to another. Raises PortTaken,
    DatabaseMissing, ForeignMasterKey, LedgerBroken, OSError.
    """
    must_be_free(address, port)
    databases_must_be_there()
    keys_must_open()
    if not settings.ONLY:
        replay(now=clock.now())
        close_connections()
    # Forked while a thread of ours holds a lock (an import's, say), a process would wait for it for ever.
    multiprocessing.set_start_method("spawn", force=True)
    leaving, (application, interface) = new_flag(), form.value
    does_more = not settings.ONLY and form is not Form.LIVE
    with _sealing_and_working() if does_more else nullcontext(), shared_counts() as counts:
        Granian(
            f"{application}:application",
            leaving=leaving,
            seconds=settings.DRAIN_SECONDS,
            address=address,
            port=port,
            interface=interface,
            blocking_threads=THREADS if interface is Interfaces.WSGI else 1,
            workers=workers,
            workers_kill_timeout=LAST_CALL,
            respawn_failed_workers=True,
            log_access=False,
            log_level=LogLevels.warning,
            process_name=None,
        ).serve(target_loader=partial(load, application, leaving, counts), wrap_loader=False)


@contextmanager
def _sealing_and_working() -> Iterator[None]:
    sealer, worker = Sealer(), Worker()
    sealer.start()
    worker.start()
    try:
        yield
    finally:
        worker.stop()
        sealer.stop()


def default_workers() -> int:
    """How many processes answer where nobody says."""
    return 1 if settings.DEBUG else 2
