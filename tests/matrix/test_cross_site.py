"""Cookies that another site makes a browser send change nothing (promise A8), whatever the operation."""

from collections.abc import Callable

import pytest

from chiron.identity.cookies import csrf_token
from chiron.kernel.ids import new_id
from tests.matrix.operations import OPERATIONS
from tests.matrix.test_access import NEEDS, ask
from tests.matrix.world import Whose, World, browser, events_of, undone

ATTEMPTS = {
    "without a token": {"csrf": ""},
    "with a token nobody gave": {"csrf": "A" * 43},
    "with a token of letters beyond ASCII": {"csrf": "\u00e9" * 43},
    "with another session's token": {"csrf": csrf_token(new_id())},
    "from another site": {"origin": "https://evil.example"},
    "from another scheme": {"origin": "https://testserver"},
    "from another port": {"origin": "http://testserver:81"},
    "from a subdomain": {"origin": "http://a.testserver"},
    "from a sandbox": {"origin": "null"},
    "from nowhere": {"origin": ""},
}


CHANGES = sorted(name for name in NEEDS if not name.startswith("GET "))


@pytest.mark.parametrize("name", CHANGES)
def test_no_change_is_made_for_another_site(name: str, world: World, shown: Callable[[str, str], None]) -> None:
    operation, accepted = OPERATIONS[name], []
    who = "operator" if NEEDS[name].resource in ("organizations", "accounts") else "ADMIN"
    known = world.callers[who]
    token = world.tokens[who]

    for attempt, sent in ATTEMPTS.items():
        world.clients[who] = browser(token, **({"csrf": csrf_token(known.session_id)} | sent))
        with undone():
            before = events_of(world.hilltop)
            answer = ask(world, name, operation, who, Whose.MINE)
            events = events_of(world.hilltop) - before
        if answer.status_code != 403 or answer.json()["type"] != "/problems/cross-site" or events != 1:
            accepted.append((attempt, answer.status_code, events))

    assert accepted == []
    shown("A8", f"{len(ATTEMPTS)} attempts of another site at each of {len(CHANGES)} changes, {len(accepted)} accepted")
