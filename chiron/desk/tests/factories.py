"""Short ways to say what the tests of the desk say often. It is Monday noon at Hilltop, whose clock is Berlin's."""

import html
import re
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from chiron.identity.cookies import ACCESS, csrf_token
from chiron.identity.public import Role
from tests.town import Clinic

TUESDAY = "2031-03-04"


def browser(clinic: Clinic, role: Role = Role.RECEPTIONIST) -> Client:
    """A browser in which somebody with that role has signed in."""
    client = Client(headers={"origin": "http://testserver"})
    client.cookies[ACCESS] = clinic.tokens[role]
    return client


def send(clinic: Clinic, path: str, role: Role = Role.RECEPTIONIST, **said: Any) -> Any:
    """Send a form of a page, as a browser does without any script."""
    return post(browser(clinic, role), path, csrf_token=csrf_token(clinic.sessions[role].id), **said)


def post(client: Client, path: str, **said: Any) -> Any:
    """Send a form from a browser."""
    return client.post(f"/desk/{path}", urlencode(said), content_type="application/x-www-form-urlencoded")


def look(clinic: Clinic, path: str = "", role: Role = Role.RECEPTIONIST, **asked: Any) -> Any:
    """Open a page."""
    return browser(clinic, role).get(f"/desk/{path}", asked)


def text(answer: Any) -> str:
    """What a page says to who reads it, in one line."""
    body = re.sub(r"<(script|style|head).*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def slot(clinic: Clinic, at: str = "10:00", day: str = TUESDAY) -> str:
    """The value of one of the first doctor's slots."""
    return f"{clinic.doctor_id} {day}T{at}+01:00"
