"""Requests and streams by servers of their own (`serve --api`, `serve --live`), and the proxy before them."""

import asyncio
from pathlib import Path

from django.conf import settings

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.ids import NIL, new_id
from chiron.notifications.public import Kind, notify
from chiron.tenancy.public import inside
from tests.listening import STREAM, Reader, in_a_thread, parsed, until
from tests.serving import Serving, serving
from tests.town import Clinic


def tell(clinic: Clinic) -> None:
    account_id = clinic.who[Role.ADMIN].account_id or NIL
    with inside(clinic.id):
        notify(kind=Kind.BOOKED, to=[account_id], resource="appointments", resource_id=new_id(), now=now())


def test_each_server_answers_what_is_its_own_and_both_tell_the_same(lakeside: Clinic) -> None:
    token, reader = lakeside.tokens[Role.ADMIN], Reader(lakeside.tokens[Role.ADMIN], 0)
    tell(lakeside)

    async def read_until_told_twice(port: int) -> None:
        reading = asyncio.create_task(reader.read(port, most=2))
        await until(lambda: reader.seen == [1])
        await in_a_thread(lambda: tell(lakeside))
        await asyncio.wait_for(reading, 10)

    with serving("--api") as api, serving("--live") as live:
        statuses = {
            (name, path): read_status(server, path, token)
            for name, server in (("api", api), ("live", live))
            for path in ("/api/users/me", "/api/docs", "/admin/login/", "/health/ready", "/api/notifications/stream/x")
        }
        asyncio.run(read_until_told_twice(live.port))
        with api.call("GET", STREAM, token, headers={"Last-Event-ID": "0"}) as answer:
            polled = [each.number for each in parsed(answer.read()) if "data" in each.fields]

    assert (reader.seen, polled) == ([1, 2], [1, 2])
    assert {path: status for (name, path), status in statuses.items() if name == "live"} == {
        "/api/users/me": 404, "/api/docs": 404, "/admin/login/": 404, "/health/ready": 200,
        "/api/notifications/stream/x": 404,
    }  # fmt: skip
    assert [statuses["api", path] for path in ("/api/users/me", "/api/docs", "/admin/login/", "/health/ready")] == [
        200, 200, 200, 200,
    ]  # fmt: skip


def read_status(server: Serving, path: str, token: str) -> int:
    with server.call("GET", path, token) as answer:
        answer.read()
        return int(answer.status)


def test_the_proxy_sends_the_stream_to_the_server_that_keeps_it() -> None:
    lines = Path(settings.BASE_DIR, "deploy/caddy/Caddyfile").read_text().splitlines()

    [streams] = [line.split()[2:] for line in lines if line.strip().startswith("@streams")]
    after = [line.strip() for line in lines[lines.index("\thandle @streams {") :]]
    assert STREAM in streams
    assert after[1:3] == ["reverse_proxy {$CHIRON_LIVE:127.0.0.1:8001} {", "flush_interval -1"]
