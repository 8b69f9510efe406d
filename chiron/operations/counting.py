"""Counting and timing what is answered, by the template of its address: never by who asked, nor about whom."""

import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import CollectorRegistry, Counter, Histogram

from chiron.tenancy.public import SHARED_CACHE

Next = Callable[[HttpRequest], HttpResponseBase]
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

COUNTED = CollectorRegistry()
"""What this process counted. Where several answer, each writes it to a file, and a scrape adds them up."""

REQUESTS = Counter(
    "chiron_requests",
    "Requests answered, by method, route and status.",
    ["method", "route", "status"],
    registry=COUNTED,
)
SECONDS = Histogram(
    "chiron_request_seconds", "How long they took, by route.", ["route"], buckets=BUCKETS, registry=COUNTED
)

COUNTED.register(SHARED_CACHE)


def counted(get_response: Next) -> Next:
    """The outermost of all, where metrics are wanted at all."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = get_response(request)
        seconds = time.perf_counter() - started
        method = request.method if request.method in METHODS else "other"
        route = request.resolver_match.route if request.resolver_match else "other"
        REQUESTS.labels(method, route, response.status_code).inc()
        SECONDS.labels(route).observe(seconds)
        return response

    return handle
