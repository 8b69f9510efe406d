"""A stream's text: server-sent events (WHATWG HTML, section 9.2), each one notification's ids and nothing else."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson

from chiron.notifications.words import link

RETRY = 3000
"""Milliseconds after which a browser that lost its stream asks again, and who keeps none open asks for more."""
BEAT = b":\n\n"


class Told(NamedTuple):
    """One notification as a stream tells of it."""

    account_id: UUID
    number: int
    id: UUID
    kind: str
    resource: str
    resource_id: UUID
    at: datetime
    read_at: datetime | None

    def text(self) -> bytes:
        """The event, as lists show it but for its title; its id is the notification's number."""
        said = {name: value for name, value in self._asdict().items() if name != "account_id"}
        said["link"] = link(self.resource, self.resource_id)
        return b"id: %d\ndata: %b\n\n" % (self.number, orjson.dumps(said, option=orjson.OPT_UTC_Z))


def beginning(last: int) -> bytes:
    """From which number on a stream tells; a browser that is told nothing more still asks from there."""
    return b"retry: %d\nid: %d\n\n" % (RETRY, last)


def farewell(reason: str, retry: int = RETRY) -> bytes:
    """Why a stream ends, for pages that listen to ``end``, and when to ask again."""
    return b"retry: %d\nevent: end\ndata: %b\n\n" % (retry, orjson.dumps({"reason": reason}))
