"""Every operation says what it needs, or why it needs nothing, and the policy knows the answer."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from ninja import NinjaAPI

from chiron.kernel.access import Caller, Scope, needs, open_to_all
from chiron.kernel.errors import NotPermitted
from chiron.kernel.ids import NIL

ROLES = ("ADMIN", "DOCTOR", "PATIENT", "LAB", "RECEPTIONIST", "BILLER", "PRIVACY_OFFICER", "RESEARCHER")
NEEDS, OPEN = "needs", "open_to_all"  # the marks that the two decorators leave on an endpoint


def unguarded(api: NinjaAPI) -> list[str]:
    found = []
    for name, endpoint in operations(api):
        need, why = mark(endpoint, NEEDS), mark(endpoint, OPEN)
        if need is None and not why:
            found.append(f"{name} says neither what it needs nor why it is open to all")
        elif need is not None and why:
            found.append(f"{name} is guarded and open to all")
        elif need is not None and not anyone_may(*need):
            found.append(f"{name} needs {need}, which the policy gives to nobody")
    return found


def operations(api: NinjaAPI) -> Iterator[tuple[str, Callable[..., Any]]]:
    for router in api._get_bound_routers():
        for path, view in router.path_operations.items():
            for operation in view.operations:
                yield f"{'/'.join(sorted(operation.methods))} {router.prefix}{path}", operation.view_func


def mark(endpoint: Callable[..., Any] | None, name: str) -> Any:
    """What a decorator left on the endpoint, however many wrappers lie over it."""
    while endpoint is not None:
        if hasattr(endpoint, name):
            return getattr(endpoint, name)
        endpoint = getattr(endpoint, "__wrapped__", None)
    return None


def anyone_may(resource: str, action: str) -> bool:
    callers = [caller(roles=frozenset({role})) for role in ROLES]
    return any(may(who, resource, action) for who in [*callers, caller(roles=frozenset(), operator=True)])


def caller(**of: Any) -> Caller:
    return Caller(account_id=NIL, organization_id=NIL, **of)


def may(who: Caller, resource: str, action: str) -> bool:
    try:
        return who.scope(resource, action) > Scope.NONE
    except NotPermitted:
        return False


def test_every_operation_is_guarded_or_open_on_purpose() -> None:
    from config.api import api

    assert unguarded(api) == []


def test_planted_unguarded_operations_are_found() -> None:
    def forgotten(request: Any) -> None: ...

    @needs("patients", "juggle")
    def unknown(request: Any) -> None: ...

    @needs("patients", "read")
    def guarded(request: Any) -> None: ...

    @open_to_all("a test")
    def public(request: Any) -> None: ...

    api = NinjaAPI(urls_namespace="planted")
    for endpoint in (forgotten, unknown, guarded, public):
        assert inspect.isfunction(endpoint)
        api.get(f"/{endpoint.__name__}")(endpoint)

    assert unguarded(api) == [
        "GET /forgotten says neither what it needs nor why it is open to all",
        "GET /unknown needs ('patients', 'juggle'), which the policy gives to nobody",
    ]
