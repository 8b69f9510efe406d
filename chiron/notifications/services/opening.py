"""Opening a stream of notifications."""

from chiron.audit import public as audit
from chiron.identity.public import Verified
from chiron.kernel.access import Caller
from chiron.notifications.following import newest_of, told_after
from chiron.notifications.stream import Stream
from chiron.notifications.streams import streams
from chiron.notifications.wire import beginning


def open_stream(*, by: Caller, verified: Verified, since: int | None) -> tuple[bytes, Stream]:
    """Tell the caller what they were told after the number `since`, and from now on; without it, from now on alone.

    Gives the text of what there is to tell already, and the stream that follows it. A number that was not reached yet,
    as after a restored backup, stands for the last that was. Raises NotPermitted, TooManyRequests, Unavailable.
    """
    by.scope("notifications", "follow")
    stream = Stream(verified, 0)
    organization_id, account_id = stream.place
    streams.must_have_room((organization_id, account_id))
    newest = newest_of(account_id)
    first = newest if since is None else min(since, newest)
    told = told_after({account_id: first}) if first < newest else []
    stream.last = told[-1].number if told else first
    audit.record(by, "notification.followed", resource="notifications")
    return beginning(first) + b"".join(each.text() for each in told), stream
