"""Pages behind the links in our mail: one question and one button, or what has come of it.

To open one changes nothing, since scanners of mail open every link; the button sends a POST to the same address.
"""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from chiron.kernel.letters import Letter, language_of


def ask(request: HttpRequest, said: Letter, locale: str, *, asks: bool = False, status: int = 200) -> HttpResponse:
    """A page that says this, with its title on a button where it asks."""
    context = {"title": said.subject, "body": said.body, "asks": asks, "language": language_of(locale)}
    return TemplateResponse(request, "chiron/ask.html", context, status=status)


def locale_of_browser(request: HttpRequest) -> str:
    """The first language that a browser asks for; for who is known no better."""
    return request.headers.get("Accept-Language", "")[:20].partition(",")[0].partition(";")[0].strip()
