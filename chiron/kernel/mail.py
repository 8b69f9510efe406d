"""Sending one e-mail. Its subject is the same for everybody: subjects lie open on every server on the way."""

from collections.abc import Mapping
from email.mime.text import MIMEText
from smtplib import SMTPRecipientsRefused

from anymail.exceptions import AnymailError, AnymailRecipientsRefused  # type: ignore[import-untyped]
from django.conf import settings
from django.core.mail import EmailMessage

from chiron.kernel.letters import Letter

USUAL = {"Auto-Submitted": "auto-generated"}
"""RFC 3834: nobody's absence notice answers it."""

NOT_TAKEN = (OSError, AnymailError)
"""What a mail server, or the way to it, says no with."""


def send_mail(*, to: str, letter: Letter, headers: Mapping[str, str] | None = None, known_as: str = "") -> str:
    """Hand an e-mail to the server that the settings name; answers the id by which its carrier knows it.

    ``known_as`` names the mail, so that one that is sent twice is the same message to whoever gets it: it makes the
    Message-ID, and Mailjet's CustomID. Raises one of NOT_TAKEN; call it from a job, which is then tried again.
    """
    named = {"Message-ID": f"<{known_as}@{settings.DEFAULT_FROM_EMAIL.partition('@')[2]}>"} if known_as else {}
    message = EmailMessage(letter.subject, letter.body, None, [to], headers=USUAL | named | dict(headers or {}))
    if known_as:
        message.esp_extra = {"Globals": {"CustomID": known_as}}  # type: ignore[attr-defined]
    if letter.calendar:
        message.attach(_calendar(letter))
    message.send()
    status = getattr(message, "anymail_status", None)
    return str(status.message_id if status else named.get("Message-ID", ""))


def is_final(error: Exception) -> bool:
    """Whether a server has said for good that it will not take mail for that address (RFC 5321, 4.2.1: 5yz)."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    return isinstance(error, AnymailRecipientsRefused)


def _calendar(letter: Letter) -> MIMEText:
    part = MIMEText(letter.calendar.decode(), "calendar", "utf-8")
    part.set_param("method", letter.method)
    part.add_header("Content-Disposition", "attachment", filename="appointment.ics")
    return part
