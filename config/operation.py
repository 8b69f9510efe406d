"""The way of a request through every operation of the API.

Authenticate, ask the policy, take in a body too large to be held, open the organization's transaction, perform, and
commit only what succeeded. Ninja turns a refusal into a response, and a plain transaction around it would commit the
half-written rows: so a status of 400 or more rolls back, and the denial is then written as an event in a transaction of
its own; if even that fails, 503.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja.operation import Operation

from chiron.audit.public import record, record_platform
from chiron.idempotency.public import is_repetition, once
from chiron.identity.public import admit, settle, visitor
from chiron.kernel.access import Caller, Need, Policy, Received, Receiving, limit_of, need_of, proof_of
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, roll_back
from chiron.kernel.errors import DomainError, Unavailable
from chiron.kernel.ids import NIL
from chiron.kernel.log import logger
from chiron.kernel.problems import failure, respond
from chiron.tenancy.public import inside
from config.attempts import ids_in, patients_of

Run = Callable[..., HttpResponseBase]


def guarded(run: Run) -> Run:
    """Ninja's decorator (mode ``view``) around one operation; unmarked operations are refused at start."""
    operation: Operation = run.__self__  # type: ignore[attr-defined]
    return guard(run, operation.view_func, f"{operation.methods[0]} {operation.path}")


def guard(run: Run, view: Callable[..., Any], route: str) -> Run:
    """The same around whatever ``run`` answers, by the marks on ``view``; ``route`` is its name."""
    need = need_of(view)
    group = limit_of(view)
    if need is None:
        if not getattr(view, "open_to_all", None):
            raise TypeError(f"{route} says neither what it needs nor why it is open to all")
        return _counted(run, group) if group else run
    effect, receive = getattr(view, "creates", None), getattr(view, "receives", None)
    proof = proof_of(view)

    @wraps(run)
    def handle(request: Receiving, **path: Any) -> HttpResponseBase:
        try:
            request.caller = caller = Policy.authenticate(request, proof)
            admission = admit(group, by=caller, now=now()) if group else None
        except DomainError as refusal:
            known: Caller | None = getattr(request, "caller", None)
            refused = respond(refusal, request)
            return denied(request, known, need, path, refused) if known else refused
        except (DatabaseError, InterfaceError) as error:
            return respond(failure(error), request)

        def perform() -> HttpResponseBase:
            if effect is None:
                return run(request, **path)
            body = request.received.digest if receive else None
            response = once(request, caller, route, effect, body=body, perform=lambda: run(request, **path), now=now())
            if is_repetition(response):
                tell = record if effect == CLINICAL else record_platform
                tell(caller, f"{need.resource}.repeated", resource=need.resource, subjects=patients_of(request, path))
            return response

        def transact() -> HttpResponseBase:
            return _in_transaction(request, caller, need, perform, effect)

        if receive:
            response = _after_receiving(request, caller, need, partial(receive, request, **path), transact)
        else:
            response = transact()
        if admission:
            settle(admission, response)
        if response.status_code >= 400:
            return denied(request, caller, need, path, response)
        return response

    return handle


def _counted(run: Run, group: str) -> Run:
    """An operation that is open to all, within its limits."""

    @wraps(run)
    def handle(request: HttpRequest, **path: Any) -> HttpResponseBase:
        try:
            admission = admit(group, by=visitor(request), now=now())
        except DomainError as refusal:
            return respond(refusal, request)
        except (DatabaseError, InterfaceError) as error:
            return respond(failure(error), request)
        response = run(request, **path)
        settle(admission, response)
        return response

    return handle


def _after_receiving(
    request: Receiving,
    caller: Caller,
    need: Need,
    receive: Callable[[], Received],
    transact: Callable[[], HttpResponseBase],
) -> HttpResponseBase:
    """Take the body in first, then open the transaction; what was taken in for nothing is dropped again."""
    try:
        caller.scope(need.resource, need.action)
        request.received = received = receive()
    except DomainError as refusal:
        return respond(refusal, request)
    except (DatabaseError, InterfaceError) as error:
        return respond(failure(error), request)
    response = transact()
    if response.status_code >= 400 or is_repetition(response):
        received.drop()
    return response


def _in_transaction(
    request: HttpRequest, caller: Caller, need: Need, perform: Callable[[], HttpResponseBase], effect: str | None
) -> HttpResponseBase:
    try:
        caller.scope(need.resource, need.action)
        if effect == ACCOUNTS or _is_of_the_platform(caller):
            with atomic(ACCOUNTS):
                return _or_nothing(ACCOUNTS, perform)
        with inside(caller.organization_id or NIL):
            return _or_nothing(CLINICAL, perform)
    except DomainError as refusal:
        return respond(refusal, request)
    except (DatabaseError, InterfaceError) as error:
        return respond(failure(error), request)


def _is_of_the_platform(caller: Caller) -> bool:
    """Whether what this caller does lies in accounts: it has no organization, or this process serves identity only."""
    return caller.organization_id is None or bool(settings.ONLY)


def _or_nothing(alias: str, perform: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    response = perform()
    if response.status_code >= 400:
        roll_back(alias)
    return response


def denied(
    request: HttpRequest, caller: Caller, need: Need, path: dict[str, str], response: HttpResponseBase
) -> HttpResponseBase:
    """Write the refusal down. The event names what was asked for, never what was sent."""
    asked = next(ids_in([path], *(name for name in path if name.endswith("_id"))), None)
    action = f"{need.resource}.{need.action}"
    outcome = "denied" if response.status_code in (401, 403, 404) else "failure"
    about: dict[str, Any] = {"resource": need.resource, "resource_id": asked, "outcome": outcome}
    try:
        if _is_of_the_platform(caller):
            with atomic(ACCOUNTS):
                record_platform(caller, action, payload={"status": response.status_code}, **about)
        else:
            with inside(caller.organization_id or NIL):
                about["subjects"] = patients_of(request, path)
                record(caller, action, payload={"status": response.status_code}, **about)
    except (DatabaseError, InterfaceError, DomainError) as error:
        logger.error("denial_not_recorded", kind=type(error).__name__)
        return respond(Unavailable(), request)
    return response
