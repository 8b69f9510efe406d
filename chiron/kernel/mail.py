"""Sending one e-mail. Its subject is the same for everybody: subjects lie open on every server on the way."""

from collections.abc import Mapping

from django.core.mail import EmailMessage

from chiron.kernel.letters import Letter

USUAL = {"Auto-Submitted": "auto-generated"}
"""RFC 3834: nobody's absence notice answers it."""


def send_mail(*, to: str, letter: Letter, headers: Mapping[str, str] | None = None) -> None:
    """Hand a plain e-mail to the server that the settings name.

    Raises OSError or the service's own error when it is not taken; call it from a job, which is then tried again.
    """
    EmailMessage(letter.subject, letter.body, None, [to], headers=USUAL | dict(headers or {})).send()
