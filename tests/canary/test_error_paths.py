"""Whatever goes wrong, no identifier is in a log, a problem, a job, the subject of a mail or a figure."""

import io
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from smtplib import SMTPRecipientsRefused
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import call_command
from django.test import Client, override_settings
from procrastinate import App
from procrastinate.testing import InMemoryConnector

from chiron.identity.email import keep_former, set_email
from chiron.identity.models import Account
from chiron.identity.public import Role
from chiron.interop.fhir.tests.factories import ama, document
from chiron.jobs.models import Queued, Waiting
from chiron.jobs.queue import _attempt, quieten
from chiron.jobs.registry import Job, all_jobs
from chiron.kernel.db import CLINICAL
from chiron.kernel.ids import NIL, new_id
from chiron.kernel.letters import Letter
from chiron.kernel.mail import send_mail
from tests.canary.errors import CRASHES, PLACES, administered, calls, crashing, furnish
from tests.canary.identifiers import Planted
from tests.canary.needles import forms, found
from tests.canary.places import files
from tests.matrix.operations import sent
from tests.matrix.world import World, build, undone
from tests.town import Clinic

MAILS = 6


@pytest.fixture
def world(town: Any) -> World:
    """Everybody and everything."""
    return build(town)


@contextmanager
def as_in_production(said: io.StringIO) -> Iterator[None]:
    """What libraries log goes where it goes without pytest, which otherwise takes it."""
    root = logging.getLogger()
    theirs = [each for each in root.handlers if not type(each).__module__.startswith("_pytest")]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(root, "handlers", theirs)
        patched.setattr(sys, "stderr", said)
        yield


def arguments() -> bytes:
    """The arguments of every job that is asked for."""
    rows = [*Queued.objects.using(CLINICAL).values_list("args"), *Waiting.objects.values_list("arguments")]
    return orjson.dumps(rows, default=str)


def refused(answer: Any) -> bytes:
    """The headers and body of an answer that says no; a form that is shown again shows what its owner wrote."""
    if answer.status_code < 400 or (answer.status_code == 422 and "text/html" in answer.headers["Content-Type"]):
        return b""
    body: bytes = answer.getvalue() if answer.streaming else answer.content
    return repr(answer.headers).encode() + body


class Taken:
    """Everything that was answered, logged, asked for and sent while things went wrong."""

    def __init__(self) -> None:
        self.refusals: dict[str, bytes] = {}
        self.statuses: Counter[int] = Counter()
        self.jobs: set[bytes] = set()

    def take(self, what: str, answer: Any) -> None:
        self.statuses[answer.status_code] += 1
        self.refusals[what] = self.refusals.get(what, b"") + refused(answer)
        self.jobs.add(arguments())

    @property
    def refused(self) -> int:
        """How many requests came to nothing."""
        return sum(number for status, number in self.statuses.items() if status >= 400)


def everything_goes_wrong(world: World, planted: Planted, taken: Taken) -> None:
    """Requests of every kind, bugs and dead databases in several places, and the administration."""
    for what, client, method, path, how in calls(world, planted):
        with undone():
            taken.take(what, _call(client, method, path, how))
    admin = world.clients["ADMIN"]
    admin.raise_request_exception = False
    for place in PLACES:
        for kind in CRASHES:
            for method, path, body in (("GET", "/api/patients", None), ("POST", "/api/patients", {"family": "A"})):
                with undone(), crashing(place, kind, planted.next()):
                    taken.take("a bug", _call(admin, method, path, sent(body)))
    for call in administered(world.hilltop, planted):
        with undone():
            taken.take("the administration", call())


def jobs_fail(planted: Planted) -> None:
    """A job that fails with data, and one whose mail is refused with its address."""

    def fail() -> None:
        raise ValueError(planted.next())

    def post() -> None:
        send_mail(to=planted.of_kind["e-mail"][0], letter=Letter("A change to your account", planted.next()))

    connector = InMemoryConnector()
    queue = App(connector=connector)
    for act in (fail, post):
        queue.task(name=act.__name__, pass_context=True)(_attempt(Job(act.__name__, act))).defer(effect=str(new_id()))
    with as_in_a_worker(), override_settings(EMAIL_BACKEND=f"{__name__}.Refusing"):
        queue.run_worker(wait=False, install_signal_handlers=False)
    assert [each["status"] for each in connector.jobs.values()] == ["failed", "failed"]


def mails_are_sent(clinic: Clinic, planted: Planted) -> None:
    """Every mail there is, to an address that is an identifier."""
    account = Account.objects.get(id=clinic.who[Role.LAB].account_id or NIL)
    set_email(account, planted.of_kind["e-mail"][1])
    keep_former(account)
    account.save()
    for each in all_jobs().values():
        if [*signature(each.act).parameters] == ["account_id"]:
            each(account_id=account.id)


def an_import_fails(clinic: Clinic, planted: Planted, folder: Path) -> None:
    """Files that end in the middle of somebody, and people who are not as FHIR wants them."""
    names = [{"family": planted.next(), "given": [planted.next()]}]
    wrong = [
        ama(name=names, birthDate=planted.next()),
        ama(name=planted.next()),
        ama(name=names, gender=planted.next()),
    ]
    for number, content in enumerate([orjson.dumps(document(each)) for each in wrong]):
        (folder / f"{number}.json").write_bytes(content)
        (folder / f"half of {number}.json").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(SystemExit):
        call_command("import_fhir", folder, organization=clinic.organization.slug)


@contextmanager
def as_in_a_worker() -> Iterator[None]:
    """The queue's log goes where a worker sends it."""
    queue = logging.getLogger("procrastinate")
    with pytest.MonkeyPatch.context() as patched:
        for name in ("handlers", "propagate", "level"):
            patched.setattr(queue, name, getattr(queue, name))
        quieten()
        yield


class Refusing(BaseEmailBackend):
    """A mail server that wants none of it, and says whose."""

    def send_messages(self, messages: Any) -> int:
        raise SMTPRecipientsRefused({each.to[0]: (550, each.body.encode()) for each in messages})


def _call(client: Client, method: str, path: str, how: dict[str, Any]) -> Any:
    return getattr(client, method.lower())(path, **how)


def test_no_identifier_leaves_by_an_error(
    world: World,
    our_log: io.StringIO,
    tmp_path: Path,
    shown: Callable[[str, str], None],
) -> None:
    planted, taken = Planted(), Taken()
    furnish(world.hilltop, planted)

    with as_in_production(our_log):
        everything_goes_wrong(world, planted, taken)
        jobs_fail(planted)
    mails_are_sent(world.hilltop, planted)
    an_import_fails(world.hilltop, planted, tmp_path)

    logs = files(settings.HOME.data / "log", 0) if settings.EMBEDDED else ()
    places = {
        **{f"refusals: {what}": said for what, said in taken.refusals.items()},
        "jobs": b"".join(taken.jobs),
        "our log": our_log.getvalue().encode(),
        "subjects": "".join(str(each.subject) for each in mail.outbox).encode(),
        "figures": Client().get("/metrics").content,
        **{f"server's log {name}": content for name, content in logs},
    }
    sought = {form for word in planted.every for form in forms(word)}
    leaks = {place: found(content, sought) for place, content in places.items()}
    assert {place: forms[:1] for place, forms in leaks.items() if forms} == {}
    assert planted.sent == set(planted.every)
    assert len(mail.outbox) >= MAILS
    shown(
        "E2",
        f"{len(planted.every)} identifiers in the data and in {taken.statuses.total():,} requests, of which "
        f"{taken.refused:,} were refused or failed, in jobs, mails and imports that fail: in no log, refusal, job, "
        "subject or figure",
    )
