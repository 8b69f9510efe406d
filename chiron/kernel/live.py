"""Answers that go on: what there is to say at once, and more for as long as somebody listens."""

from collections.abc import AsyncGenerator, Callable

from django.http import HttpResponse

Follow = Callable[[], AsyncGenerator[bytes, None]]


class Live(HttpResponse):
    """An answer that stays open: `follow` is called in the server's event loop, and closed when the client is gone.

    A server that keeps no streams sends the content alone, which must be an answer of its own.
    """

    def __init__(self, content: bytes, follow: Follow, *, content_type: str) -> None:
        super().__init__(content, content_type, headers={"X-Accel-Buffering": "no"})  # or nginx waits for more
        self.follow = follow
