"""Pages behind the links in mail of notifications."""

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from chiron.identity.public import caller_by_mail
from chiron.kernel.asking import ask, locale_of_browser
from chiron.kernel.errors import NotFound
from chiron.kernel.headers import page
from chiron.kernel.letters import letter
from chiron.notifications.services.preferring import stop_mail
from chiron.notifications.services.sending import reader_of
from chiron.notifications.unsubscribing import unwanted
from chiron.tenancy.public import inside_if_open

say = partial(letter, "chiron.notifications")


@require_http_methods(["GET", "HEAD", "POST"])
@page
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """No more mail of one kind: asked on GET, done on POST, which mail programs send by themselves (RFC 8058)."""
    try:
        wish = unwanted(token)
        with inside_if_open(wish.organization_id):
            reader = reader_of(wish.account_id)
            locale = reader.locale if reader else locale_of_browser(request)
            if request.method != "POST":
                return ask(request, say("stop", locale), locale, asks=True)
            stop_mail(by=caller_by_mail(wish.account_id, wish.organization_id), kind=wish.kind)
            return ask(request, say("stopped", locale), locale)
    except NotFound:
        return gone(request)


def gone(request: HttpRequest) -> HttpResponse:
    """Whatever is no link of ours, or none any more."""
    locale = locale_of_browser(request)
    return ask(request, say("gone", locale), locale, status=404)
