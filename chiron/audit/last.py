"""The last head of a trail, for who writes down how far it had come."""

from typing import Any
from uuid import UUID

from chiron.audit.canonical import instant
from chiron.audit.models import Head
from chiron.audit.trails import Trail
from chiron.tenancy.public import inside


def last_head(organization_id: UUID) -> dict[str, Any] | None:
    """Size, root and time of an organization's last head; None where nothing was sealed."""
    with inside(organization_id):
        head = Head.objects.using(Trail(organization_id).alias).order_by("-size").first()
    return {"size": head.size, "root": bytes(head.root).hex(), "at": instant(head.at)} if head else None
