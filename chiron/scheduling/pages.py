"""Pages behind the links in reminders, on which a patient answers without signing in."""

from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.asking import ask
from chiron.kernel.errors import NotFound
from chiron.kernel.headers import page
from chiron.kernel.letters import Letter, day_of, letter, time_of
from chiron.notifications.public import gone, reader_of
from chiron.scheduling.answers import Asked, asked_by, patient_by_mail, still_open
from chiron.scheduling.errors import TooLateToCancel
from chiron.scheduling.services.answering import give_answer
from chiron.scheduling.words import Answer
from chiron.tenancy.public import current_organization_id, inside_if_open, organization_for_id

say = partial(letter, "chiron.scheduling")
DONE = {Answer.CONFIRM: "confirmed", Answer.CANCEL: "given_back"}


@require_http_methods(["GET", "HEAD", "POST"])
@page
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """What a link in a reminder asks: on GET the question, on POST it is done, once."""
    now = clock.now()
    try:
        asked = asked_by(token)
        with inside_if_open(asked.organization_id):
            return _answered(request, asked, now)
    except NotFound:
        return gone(request)


def _answered(request: HttpRequest, asked: Asked, now: datetime) -> HttpResponse:
    reminder = still_open(asked, now)
    by = patient_by_mail(reminder.patient_id)
    locale, zone = customs_of(by)
    when = {"day": day_of(reminder.starts_at, zone, locale), "time": time_of(reminder.starts_at, zone, locale)}
    if request.method != "POST":
        return ask(request, say(f"page_{asked.answer}", locale, **when), locale, asks=True)
    try:
        give_answer(by=by, asked=asked, reminder=reminder, now=now)
    except TooLateToCancel:
        return ask(request, say("too_late", locale, **when), locale, status=TooLateToCancel.status)
    done: Letter = say(DONE[asked.answer], locale, **when)
    return ask(request, done, locale)


def customs_of(by: Caller) -> tuple[str, ZoneInfo]:
    """The language and the clock of whoever has a link."""
    reader = reader_of(by.account_id) if by.account_id else None
    organization = organization_for_id(current_organization_id())
    return (reader.locale, reader.zone) if reader else (organization.locale, ZoneInfo(organization.time_zone))
