"""The way of a request through the desk: that of the API's operations, for a browser that may run no script.

Tokens come in cookies and are renewed on the way, a form says its CSRF token in a field, and a refusal is a page.
"""

from collections.abc import Iterable
from functools import wraps
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from chiron.desk.addresses import Address, View
from chiron.desk.pages import CSRF, as_page
from chiron.identity.public import browsers
from chiron.kernel import clock
from chiron.kernel.errors import DomainError
from chiron.kernel.headers import PAGE
from chiron.kernel.problems import failure, respond
from config.operation import guard


def served(addresses: Iterable[Address]) -> list[URLPattern]:
    """The addresses, each view behind the wrapper of all operations."""
    return [path(each.route, _by_method(each), name=each.name) for each in addresses]


def _by_method(address: Address) -> View:
    views = {method: _shown(view, f"{method} /desk/{address.route}") for method, view in address.views.items()}

    def answer(request: HttpRequest, **of: Any) -> HttpResponseBase:
        view = views.get(str(request.method))
        return view(request, **of) if view else HttpResponseNotAllowed(views)

    return answer


def _shown(view: View, route: str) -> View:
    guarded = guard(view, view, route)

    @wraps(view)
    def answer(request: HttpRequest, **of: Any) -> HttpResponseBase:
        browsers.say_in_headers(request, CSRF)
        try:
            opened = browsers.renew(request, now=clock.now())
        except DomainError as refusal:
            return _page(request, respond(refusal, request))
        except (DatabaseError, InterfaceError) as error:
            return _page(request, respond(failure(error), request))
        response = _page(request, guarded(request, **of))
        if opened:
            browsers.keep(request, response, opened)
        return response

    return answer


def _page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    shown = as_page(request, response)
    shown.headers["Content-Security-Policy"] = PAGE
    return shown
