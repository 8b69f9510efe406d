"""Sessions, messages and CSRF are the admin's alone: the API's requests do not pay for them."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware

Next = Callable[[HttpRequest], HttpResponseBase]


def only_for_admin(get_response: Next) -> Next:
    """Wrap ``/admin/`` in Django's session, CSRF, sign-in and message middleware; let everything else pass."""
    wrapped: Any = get_response
    for middleware in (MessageMiddleware, AuthenticationMiddleware, CsrfViewMiddleware, SessionMiddleware):
        wrapped = middleware(wrapped)

    def handle(request: HttpRequest) -> HttpResponseBase:
        chosen: Next = wrapped if request.path_info.startswith("/admin/") else get_response
        return chosen(request)

    return handle
