"""Signing in apart from everything else: two processes, and the addresses that a proxy sends to each."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from django.conf import settings

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
def auth_service(port: int = 0) -> Iterator[Serving]:
    """`serve --only identity`, told of no database but accounts."""
    options, where = ["--port", str(port)] if port else [], accounts_url()
    with serving("--only", "identity", *options, POSTGRES_HOST="", ACCOUNTS_DATABASE_URL=where) as served:
        yield served


def is_of_identity(path: str) -> bool:
    """Whether a proxy sends this address to the process that signs people in."""
    words = path.split("/")
    return words[1] != "api" or words[2] in IDENTITY


def become_the_form_that_answers(path: str, auth_service_url: str, patched: pytest.MonkeyPatch) -> None:
    """Let this process be the one that a proxy would send this address to, newly started."""
    forget_tokens()
    revocations.take_effect()
    of_identity = is_of_identity(path)
    patched.setattr(settings, "ROOT_URLCONF", "config.urls_identity" if of_identity else "config.urls_clinical")
    patched.setattr(settings, "ONLY", "identity" if of_identity else "")
    patched.setattr(settings, "AUTH_SERVICE_URL", "" if of_identity else auth_service_url)
