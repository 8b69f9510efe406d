"""Links with which whoever reads a mail wants no more of its kind, without signing in (RFC 8058)."""

from struct import Struct
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from chiron.identity.public import signed_body, signed_link
from chiron.kernel.errors import NotFound
from chiron.notifications.kinds import Kind

PURPOSE = "unsubscribing"
BODY = Struct(">16s16s40s")


class Unwanted(NamedTuple):
    """Whose mail of which kind it is."""

    organization_id: UUID
    account_id: UUID
    kind: Kind


def headers_of(organization_id: UUID, account_id: UUID, kind: Kind) -> dict[str, str]:
    """The headers by which mail readers offer to unsubscribe."""
    body = BODY.pack(organization_id.bytes, account_id.bytes, kind.value.encode())
    link = f"{settings.PUBLIC_URL}/mail/stop/{signed_link(PURPOSE, body)}"
    return {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def unwanted(token: str) -> Unwanted:
    """What a link of ours is about. Raises NotFound for anything else."""
    body = signed_body(PURPOSE, token, BODY.size)
    if body is None:
        raise NotFound
    organization, account, kind = BODY.unpack(body)
    return Unwanted(UUID(bytes=organization), UUID(bytes=account), Kind(kind.rstrip(b"\0").decode()))
