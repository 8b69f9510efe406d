"""`/metrics` for Prometheus: what was counted, and how the queue, the sealer and the databases stand at this moment."""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from chiron.audit.public import Watch
from chiron.jobs.public import jobs_by_state, queue_state
from chiron.kernel.clock import now
from chiron.kernel.db import atomic, cursor
from chiron.kernel.errors import NotFound, NotSignedIn
from chiron.kernel.problems import respond
from chiron.operations.counting import COUNTED
from chiron.operations.processes import counts_folder

CONNECTIONS = "SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity WHERE usename = session_user GROUP BY 1"

watch = Watch()


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Everything measured, to whoever shows METRICS_TOKEN; where there is none there is nothing here."""
    if not settings.METRICS_TOKEN:
        return respond(NotFound(), request)
    shown = request.META.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
    if not hmac.compare_digest(shown.encode(), settings.METRICS_TOKEN.encode()):
        return respond(NotSignedIn(), request)
    return HttpResponse(generate_latest(_counted()) + generate_latest(_standing()), content_type=CONTENT_TYPE_LATEST)


@contextmanager
def shared_counts() -> Iterator[str]:
    """The folder in which the processes of this server count, as long as it runs; empty where nobody asks."""
    if not settings.METRICS_TOKEN:
        yield ""
        return
    settings.HOME.prepare()
    with TemporaryDirectory(prefix="counts-", dir=settings.HOME.path) as folder:
        yield folder


def _counted() -> CollectorRegistry:
    folder = counts_folder()
    if not folder:
        return COUNTED
    added_up = CollectorRegistry()
    MultiProcessCollector(added_up, path=folder)  # type: ignore[no-untyped-call]
    return added_up


def _standing() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Standing())
    return registry


class Standing(Collector):
    """Asked of the databases at each scrape, so it is the same whichever process answers."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What can be asked for; of a database that is down, that it is."""
        up = GaugeMetricFamily("chiron_database_up", "Whether a database answers.", labels=["database"])
        connections = GaugeMetricFamily(
            "chiron_connections", "Connections of requests and workers.", labels=["database", "state"]
        )
        for alias in settings.NEEDED_DATABASES:
            found = _connections(alias)
            up.add_metric([alias], found is not None)
            for state, number in found or []:
                connections.add_metric([alias, state], number)
        yield from (up, connections)
        if settings.ONLY:
            return
        try:
            yield from (*_queue(), _sealer())
        except (DatabaseError, InterfaceError):
            return


def _connections(alias: str) -> list[tuple[str, int]] | None:
    try:
        with atomic(alias), cursor(alias) as asked:
            asked.execute(CONNECTIONS)
            found: list[tuple[str, int]] = asked.fetchall()
    except (DatabaseError, InterfaceError):
        return None
    return found


def _queue() -> Iterator[GaugeMetricFamily]:
    jobs = GaugeMetricFamily("chiron_jobs", "Jobs by name and state.", labels=["job", "state"])
    for name, state, number in jobs_by_state():
        jobs.add_metric([name, state], number)
    queue = queue_state()
    oldest = queue.oldest.total_seconds()
    yield jobs
    yield GaugeMetricFamily("chiron_jobs_dead", "Jobs that wait for a person.", value=queue.dead)
    yield GaugeMetricFamily("chiron_jobs_stalled", "Jobs held by a worker that fell silent.", value=queue.stalled)
    yield GaugeMetricFamily("chiron_jobs_oldest_seconds", "How long the oldest waiting job has been due.", value=oldest)


def _sealer() -> GaugeMetricFamily:
    lag = watch.longest_wait(now()).total_seconds()
    return GaugeMetricFamily("chiron_sealer_lag_seconds", "How long the oldest unsealed event has waited.", value=lag)
