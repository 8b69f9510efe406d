"""Telling members what happened to their accounts, which live in another database."""

from datetime import datetime
from uuid import UUID

from chiron.jobs.public import enqueue_from_accounts
from chiron.notifications.tasks import tell_of_alarm


def alarmed(organization_id: UUID, account_id: UUID, what: int, about: UUID, at: datetime, /) -> None:
    """Have a member told in that organization, once, and only if the transaction that is open on accounts commits."""
    enqueue_from_accounts(
        tell_of_alarm, organization_id=organization_id, account_id=account_id, what=int(what), about=about, at=at
    )
