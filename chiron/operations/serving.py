"""Serving: the API with its workers, and the sealer, in one process tree that ends cleanly."""

from django.conf import settings
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server as Granian

from chiron.audit.public import Sealer


def serve(address: str, port: int, workers: int) -> None:
    """Answer requests until interrupted. The sealer runs in this process, the requests in ``workers`` others."""
    sealer = Sealer()
    sealer.start()
    try:
        Granian(
            "config.wsgi:application",
            address=address,
            port=port,
            interface=Interfaces.WSGI,
            workers=workers,
            blocking_threads=2,
            log_access=False,
            log_level=LogLevels.warning,
            process_name=None,
        ).serve()
    finally:
        sealer.stop()


def default_workers() -> int:
    """How many processes answer where nobody says."""
    return 1 if settings.DEBUG else 2
