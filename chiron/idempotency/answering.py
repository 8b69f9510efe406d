"""Doing something once, however often it is asked for."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chiron.idempotency.errors import InFlight, KeyReused
from chiron.idempotency.models import Answer
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, cursor
from chiron.kernel.errors import Malformed
from chiron.kernel.ids import NIL
from chiron.vault.public import Safe, exact_index, organization_safe, platform_safe

LIFETIME = timedelta(hours=24)
REPEATED = "Idempotency-Replayed"
KEPT_HEADERS = ("Content-Type", "Location", "ETag")


def once(
    request: HttpRequest,
    by: Caller,
    route: str,
    alias: str,
    *,
    body: bytes | None = None,
    perform: Callable[[], HttpResponseBase],
    now: datetime,
) -> HttpResponseBase:
    """Answer through ``perform``, or as the first time when this key was answered within the last day.

    Runs inside the transaction of the effect on ``alias``. ``body`` stands for what was sent where that is not in the
    request any more. Without the header it just performs. Raises Malformed for a
    key that is not 1 to 255 visible ASCII characters, InFlight while the first request runs, KeyReused for another
    body.
    """
    sent = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if sent is None:
        return perform()
    if not re.fullmatch(r"[\x21-\x7e]{1,255}", sent) or by.account_id is None:
        raise Malformed
    organization_id = (by.organization_id or NIL) if alias == CLINICAL else NIL
    key = exact_index(organization_id, "idempotency-key", str(by.organization_id), sent)
    sent_body = (request.body if body is None else body).decode("utf-8", "replace")
    said = exact_index(organization_id, "idempotency-body", request.path_info, sent_body)
    _take(alias, f"{by.account_id} {route} {key.hex()}")
    safe = organization_safe(organization_id) if alias == CLINICAL else platform_safe()
    known = Answer.objects.using(alias).filter(account_id=by.account_id, route=route, key=key).first()
    if known is not None and known.kept_at <= now - LIFETIME:
        known.delete(using=alias)
    elif known is not None:
        if bytes(known.request) != said:
            raise KeyReused
        return _again(known, safe)
    response = perform()
    if isinstance(response, HttpResponse) and 200 <= response.status_code < 300:
        answer = Answer(account_id=by.account_id, route=route, key=key, request=said, kept_at=now)
        _keep(answer, response, alias, safe)
    return response


def is_repetition(response: HttpResponseBase) -> bool:
    """Whether an answer is one that was kept."""
    return REPEATED in response.headers


def forget(alias: str, now: datetime) -> int:
    """Delete the answers of that database, or of the current organization, that nobody can ask for any more."""
    forgotten, _ = Answer.objects.using(alias).filter(kept_at__lte=now - LIFETIME).delete()
    return forgotten


def _take(alias: str, name: str) -> None:
    with cursor(alias) as lock:
        lock.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1))", [name])
        if not lock.fetchone()[0]:
            raise InFlight


def _keep(answer: Answer, response: HttpResponse, alias: str, safe: Safe) -> None:
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    answer.status = response.status_code
    answer.answer = safe.seal(answer, "answer", {"body": response.content.decode(), "headers": headers})
    answer.save(using=alias, force_insert=True)


def _again(known: Answer, safe: Safe) -> HttpResponse:
    kept = safe.open(known, "answer")
    response = HttpResponse(kept["body"], status=known.status)
    for name, value in kept["headers"].items():
        response.headers[name] = value
    response.headers[REPEATED] = "true"
    return response
