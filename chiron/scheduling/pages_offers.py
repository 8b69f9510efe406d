"""Pages behind the links in the mail of an offer, on which a patient answers without signing in."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.asking import ask
from chiron.kernel.errors import Conflict, NotFound, StaleVersion
from chiron.kernel.headers import page
from chiron.kernel.letters import day_of, time_of
from chiron.notifications.public import gone
from chiron.scheduling.answers import patient_by_mail
from chiron.scheduling.models import Appointment
from chiron.scheduling.offer_links import Replied, Reply, open_offer, replied_by
from chiron.scheduling.pages import customs_of, say
from chiron.scheduling.services.attend import cancel
from chiron.scheduling.services.hold import confirm
from chiron.tenancy.public import inside_if_open

DONE = {Reply.ACCEPT: "accepted", Reply.DECLINE: "declined"}


@require_http_methods(["GET", "HEAD", "POST"])
@page
def answer_offer(request: HttpRequest, token: str) -> HttpResponse:
    """What a link in the mail of an offer asks: on GET the question, on POST it is done, once."""
    now = clock.now()
    try:
        replied = replied_by(token)
        with inside_if_open(replied.organization_id):
            return _answered(request, replied, now)
    except (NotFound, Conflict, StaleVersion):
        return gone(request)


def _answered(request: HttpRequest, replied: Replied, now: datetime) -> HttpResponse:
    offer = open_offer(replied, now)
    by = patient_by_mail(offer.patient_id)
    locale, zone = customs_of(by)
    when = {"day": day_of(offer.starts_at, zone, locale), "time": time_of(offer.starts_at, zone, locale)}
    if request.method != "POST":
        return ask(request, say(f"page_{replied.reply}", locale, **when), locale, asks=True)
    _give(by, offer, replied.reply, now)
    return ask(request, say(DONE[replied.reply], locale, **when), locale)


def _give(by: Caller, offer: Appointment, reply: Reply, now: datetime) -> None:
    """Accept or decline as the API does. Raises Conflict or StaleVersion where something else was quicker."""
    if reply is Reply.ACCEPT:
        confirm(by=by, appointment_id=offer.id, if_match=offer.version, now=now)
    else:
        cancel(by=by, appointment_id=offer.id, reason="", if_match=offer.version, now=now)
