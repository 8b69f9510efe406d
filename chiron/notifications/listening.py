"""Hearing that accounts were told something: one connection of a process, past a pooler."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
from django.conf import settings

from chiron.kernel.log import logger
from chiron.notifications.numbering import CHANNEL
from chiron.postgres.beside import parameters_of

PATIENCE, PROBE_EVERY = 1.0, 15.0


async def listen(hear: Callable[[str], None], connected: Callable[[], None]) -> None:
    """Call `hear` with each wake-up, for ever; `connected` each time that some may have been missed until now.

    Wake-ups are lost while the database is out of reach: whoever waits for one must also look from time to time.
    """
    while True:
        try:
            await _listen(hear, connected)
        except (psycopg.Error, OSError, TimeoutError) as error:
            logger.warning("listener_out_of_reach", kind=type(error).__name__)
        await asyncio.sleep(PATIENCE)


async def _listen(hear: Callable[[str], None], connected: Callable[[], None]) -> None:
    connection: psycopg.AsyncConnection[Any] = await psycopg.AsyncConnection.connect(**_server(), autocommit=True)
    async with connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        connected()
        while True:
            async for wakeup in connection.notifies(timeout=PROBE_EVERY):
                hear(wakeup.payload)
            async with asyncio.timeout(PATIENCE):
                await connection.execute("SELECT 1")


def _server() -> dict[str, Any]:
    return parameters_of(settings.CLINICAL_DIRECT or settings.DATABASES["clinical"])
