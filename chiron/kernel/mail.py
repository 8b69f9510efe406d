"""Sending one e-mail. Its subject is the same for everybody: subjects lie open on every server on the way."""

from django.core.mail import EmailMessage


def send_mail(*, to: str, subject: str, body: str) -> None:
    """Hand a plain e-mail to the server that the settings name.

    Raises OSError or the service's own error when it is not taken; call it from a job, which is then tried again.
    """
    EmailMessage(subject, body, None, [to], headers={"Auto-Submitted": "auto-generated"}).send()
