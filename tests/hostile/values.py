"""What nobody should send and somebody will."""

import json
from collections.abc import Iterator
from typing import Any

import orjson

MARK = "Zzyx-echo-me-not"
DEEP = 100_000

STRANGE_TEXTS = {
    "nul": f"{MARK}\x00",
    "lone surrogate": f"{MARK}\ud800",
    "very long": MARK * 7_000,
    "bidirectional": f"{MARK}\u202e\u0000",
    "format": f"{MARK}%s%n{{0}}${{x}}",
    "quotes": f"{MARK}'\";--",
}
STRANGE_NUMBERS = {"too large": 10**30, "too small": -(10**30), "beyond bigint": 2**63, "many digits": 10**400}

UNREADABLE = {
    "nan": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "array to the abyss": b"[" * DEEP,
    "closed array to the abyss": b"[" * DEEP + b"]" * DEEP,
    "object to the abyss": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "broken off": b'{"' + MARK.encode() + b'": ',
    "no utf-8": b'{"a": "\xff\xfe"}',
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "nothing": b"",
    "bytes": bytes(range(256)),
    "surrogate escape": b'{"a": "\\ud800"}',
    "nul escape": b'{"a": "\\u0000"}',
    "key of nul": b'{"\\u0000": 1}',
}
WRONG_SHAPES = {
    "null": b"null",
    "text": b'"' + MARK.encode() + b'"',
    "number": b"1e400",
    "list": b"[]",
    "true": b"true",
}


def wrong_bodies(body: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """A fitting body with each of its members in turn made wrong, and one member too many."""
    for name in body:
        for kind, text in STRANGE_TEXTS.items():
            yield f"{name}: {kind}", raw(body | {name: text})
        for kind, number in STRANGE_NUMBERS.items():
            yield f"{name}: {kind}", raw(body | {name: number})
        for kind, value in {"object": {MARK: 1}, "list": [MARK, None], "null": None, "nested": [[[[MARK]]]]}.items():
            yield f"{name}: {kind}", raw(body | {name: value})
    yield "one too many", raw(body | {MARK: 1})
    yield "the same twice", raw(body)[:-1] + b", " + raw(body)[1:] if body else b"{}"


def raw(value: Any) -> bytes:
    """JSON as a careless client writes it: surrogates and numbers of any size included."""
    return json.dumps(value).encode()


def is_problem(answer: Any) -> bool:
    """Whether a refusal has the one shape of refusals."""
    if answer.headers["content-type"] != "application/problem+json":
        return False
    document = orjson.loads(answer.content)
    return bool(document["status"] == answer.status_code and document["type"].startswith("/problems/"))
