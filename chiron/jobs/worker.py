"""A worker: takes jobs from the queue and does them, relays the outbox, and brings back what dead workers held."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from django.db import DatabaseError, InterfaceError
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status

from chiron.jobs.queue import queue_app, quieten
from chiron.jobs.registry import ATTEMPTS, JOBS
from chiron.jobs.relay import relay
from chiron.kernel.db import close_connections
from chiron.kernel.log import logger

HEARTBEAT, SILENCE = 2.0, 10.0
"""A worker says every two seconds that it lives; after ten of silence its jobs go to others."""

RELAY_EVERY, RECOVER_EVERY, WAIT_FOR_THE_DATABASE = 0.5, 5.0, 2.0
OUT_OF_REACH = (ConnectorException, psycopg.Error, DatabaseError, InterfaceError)


class Worker:
    """Works until it is stopped; a database that is out of reach for a while is waited for."""

    def __init__(self, concurrency: int = 2) -> None:
        self.concurrency = concurrency
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)

    def start(self) -> None:
        """Work in a thread of this process."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being done, take nothing new; returns when the thread has ended."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def ask_to_stop(self) -> None:
        """As `stop`, without waiting (for a signal's handler)."""
        self._stop.set()

    def run(self) -> None:
        """Work in this thread until asked to stop."""
        quieten()
        while not self._stop.is_set():
            try:
                asyncio.run(self._work())
            except OUT_OF_REACH as error:
                logger.warning("queue_out_of_reach", kind=type(error).__name__)
            self._stop.wait(WAIT_FOR_THE_DATABASE)

    async def _work(self) -> None:
        app = queue_app()
        threads = ThreadPoolExecutor(1, "relay")
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    concurrency=self.concurrency,
                    install_signal_handlers=False,
                    update_heartbeat_interval=HEARTBEAT,
                    stalled_worker_timeout=SILENCE,
                    fetch_job_polling_interval=1.0,
                    delete_jobs="successful",
                )
            )
            beside = [asyncio.create_task(_relay_all(threads)), asyncio.create_task(_recover(app))]
            stopping = asyncio.create_task(asyncio.to_thread(self._stop.wait))
            everything: list[asyncio.Task[Any]] = [working, stopping, *beside]
            done, _ = await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
            for task in (*beside, working):
                task.cancel()
            await asyncio.gather(*beside, working, return_exceptions=True)
        threads.submit(close_connections).result()
        threads.shutdown()
        for task in done - {stopping}:
            task.result()


async def _relay_all(threads: ThreadPoolExecutor) -> None:
    """Empty the outbox as long as it lasts."""
    loop = asyncio.get_running_loop()
    while True:
        if not await loop.run_in_executor(threads, relay):
            await asyncio.sleep(RELAY_EVERY)


async def _recover(app: App) -> None:
    """Bring back what workers held that fell silent. What was tried as often as allowed is dead: it may kill them."""
    while True:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENCE):
            allowed = JOBS[job.task_name].attempts if job.task_name in JOBS else ATTEMPTS
            if job.attempts + 1 >= allowed:
                await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)
            else:
                await app.job_manager.retry_job(job)
            logger.warning("job_recovered", job=job.id, task=job.task_name)
        await asyncio.sleep(RECOVER_EVERY)
