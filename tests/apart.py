"""Signing in apart from everything else: two processes, and the addresses that a proxy sends to each."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import Any
from urllib.parse import quote
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.db import connections
from typing_extensions import override

from chiron.client import fetch
from chiron.identity import elsewhere
from chiron.identity.revocations import revocations
from chiron.identity.tokens import forget_tokens
from config.urls import IDENTITY
from tests.serving import Serving, serving


def accounts_url() -> str:
    """The runtime login of the accounts of this test process, as a URL."""
    login = settings.DATABASES["accounts"]
    host = "127.0.0.1" if settings.EMBEDDED else login["HOST"]
    return f"postgresql://{quote(login['USER'])}:{quote(login['PASSWORD'])}@{host}:{login['PORT']}/{login['NAME']}"


@contextmanager
def auth_service(*options: str) -> Iterator[Serving]:
    """`serve --only identity`, told of no database but accounts."""
    where = accounts_url()
    with serving("--only", "identity", *options, POSTGRES_HOST="", ACCOUNTS_DATABASE_URL=where) as served:
        yield served


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    @override
    def log_message(self, format: str, *args: Any) -> None: ...


@contextmanager
def auth_service_of_this_process() -> Iterator[str]:
    """The auth service on a loopback port, in a thread that borrows this thread's connection while this one waits.

    So it sees what a test has not committed. Gives its URL.
    """
    lent, handler = connections["accounts"], BaseHandler()
    handler.load_middleware()

    def application(environ: Any, start_response: Any) -> list[bytes]:
        connections["accounts"] = lent
        request: Any = WSGIRequest(environ)
        request.urlconf = "config.urls_identity"
        answer: Any = handler.get_response(request)  # and no signal, at which Django would close the connection
        connections["clinical"].close()
        start_response(f"{answer.status_code} {answer.reason_phrase}", list(answer.items()))
        return [answer.content]

    lent.inc_thread_sharing()
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
    lent.dec_thread_sharing()


def is_of_identity(path: str) -> bool:
    """Whether a proxy sends this address to the process that signs people in."""
    words = path.split("/")
    return words[1] != "api" or words[2] in IDENTITY


def become_the_form_that_answers(path: str, auth_service_url: str, patched: pytest.MonkeyPatch) -> None:
    """Let this process be the one that a proxy would send this address to, newly started, and patient."""
    forget_tokens()
    revocations.take_effect()
    of_identity = is_of_identity(path)
    patched.setattr(settings, "ROOT_URLCONF", "config.urls_identity" if of_identity else "config.urls_clinical")
    patched.setattr(settings, "ONLY", "identity" if of_identity else "")
    patched.setattr(elsewhere, "fetch", partial(fetch, seconds=60.0))
    patched.setattr(settings, "AUTH_SERVICE_URL", "" if of_identity else auth_service_url)
