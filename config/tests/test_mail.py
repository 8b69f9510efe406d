"""Mail, as the settings say: to a real SMTP server, and to a stand-in of Mailjet that checks what it gets."""

import base64
import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from chiron.kernel.letters import Letter
from chiron.kernel.mail import send_mail
from config import environment
from config.settings.mail import mail

TO, LETTER = "ama@example.org", Letter("A change to your account", "It was changed.\n")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Sets the environment to exactly these settings."""
    monkeypatch.chdir(tmp_path)
    for setting in environment.SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)

    def given(**settings: str) -> dict[str, Any]:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        return mail()

    return given


class Inbox:
    """An SMTP server's handler that keeps what arrives."""

    def __init__(self) -> None:
        self.arrived: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.arrived.append(envelope)
        return "250 OK"


def test_smtp_delivers_what_is_sent(given: Any) -> None:
    inbox = Inbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        settings = given(EMAIL_URL=f"smtp://127.0.0.1:{port}", MAILJET_SENDER_EMAIL="clinic@example.org")
        with override_settings(**settings):
            send_mail(to=TO, letter=LETTER)
    finally:
        server.stop()

    [envelope] = inbox.arrived
    assert (envelope.mail_from, envelope.rcpt_tos) == ("clinic@example.org", ["ama@example.org"])
    text = envelope.content.decode()
    assert "Subject: A change to your account" in text
    assert "Auto-Submitted: auto-generated" in text
    assert "It was changed." in text


@pytest.fixture
def mailjet() -> Iterator[tuple[str, list[Any]]]:
    """A stand-in of Mailjet's send API, version 3.1: its address, and the requests it got."""
    requests: list[Any] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            requests.append((self.path, self.headers["Authorization"], body))
            to = [{"Email": each["Email"], "MessageID": 1, "MessageUUID": "1"} for each in body["Messages"][0]["To"]]
            answer = json.dumps({"Messages": [{"Status": "success", "To": to, "Cc": [], "Bcc": []}]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v3.1/", requests
    server.shutdown()
    server.server_close()


def test_mailjet_gets_one_message_with_our_keys(given: Any, mailjet: Any) -> None:
    address, requests = mailjet
    settings = given(
        MAILJET_API_KEY="key", MAILJET_API_SECRET="hush", MAILJET_SENDER_EMAIL="clinic@example.org",
        EMAIL_URL="smtp://ignored.example",
    )  # fmt: skip

    with override_settings(**settings | {"ANYMAIL": settings["ANYMAIL"] | {"MAILJET_API_URL": address}}):
        send_mail(to=TO, letter=LETTER)

    [(path, authorization, body)] = requests
    assert path == "/v3.1/send"
    assert authorization == "Basic " + base64.b64encode(b"key:hush").decode()
    [only] = body["Messages"]
    message = body["Globals"] | only
    assert message["From"]["Email"] == "clinic@example.org"
    assert [each["Email"] for each in message["To"]] == ["ama@example.org"]
    assert (message["Subject"], message["TextPart"]) == ("A change to your account", "It was changed.\n")
    assert message["Headers"] == {"Auto-Submitted": "auto-generated"}


def test_without_a_server_mail_is_shown_on_the_console(given: Any) -> None:
    assert given()["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [("smtp://h", 25, False, False), ("smtp+tls://u:p%40@h", 587, True, False), ("smtps://h:1465", 1465, False, True)],
)
def test_a_mail_server_is_named_by_url(url: str, port: int, tls: bool, ssl: bool, given: Any) -> None:
    settings = given(EMAIL_URL=url)

    assert (settings["EMAIL_HOST"], settings["EMAIL_PORT"]) == ("h", port)
    assert (settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == (tls, ssl)
    assert settings["EMAIL_HOST_PASSWORD"] == ("p@" if "@h" in url else "")


@pytest.mark.parametrize("url", ["nonsense", "http://a:hush@h", "smtp://", "smtp://a:hush@h:port"])
def test_a_url_that_names_no_mail_server_is_refused_and_not_repeated(url: str, given: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"EMAIL_URL must be smtp://") as refused:
        given(EMAIL_URL=url)

    assert "hush" not in str(refused.value)


def test_a_key_of_mailjet_alone_is_not_enough(given: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="MAILJET_API_SECRET is missing"):
        given(MAILJET_API_KEY="key")
