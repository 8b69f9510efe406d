#!/usr/bin/env python3
"""Verify proofs of Chiron's audit trail, without Chiron: this one file, Python 3.11 and `cryptography`.

    python verifier.py --key KEY DOCUMENT [DOCUMENT ...] [--since HEAD]

DOCUMENT is what `GET /api/audit/head` or `GET /api/audit/{id}/proof` answered, saved as it came. KEY is the public key
of the heads, in base64 or as the name of a file that holds it, and comes from somebody you trust (`chiron audit key`):
a key that travels with a proof proves nothing. HEAD is a document from earlier; then each DOCUMENT must extend it.

Exit code 0: all hold. 1: one does not, and a sentence says why. 2: it could not be called like that.

The tree and its proofs are those of RFC 6962, verified as RFC 9162 says (sections 2.1.3.2 and 2.1.4.2). A document is
accepted in one form only: no member more or less, hexadecimal in small letters, instants in UTC to the microsecond.
"""

import argparse
import json
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HEAD, PROOF = "chiron.audit.head.v1", "chiron.audit.proof.v1"
SHARED = {"format", "public_key", "head", "extends"}
MEMBERS = {HEAD: SHARED, PROOF: SHARED | {"event", "seq", "path"}}
IN_HEAD = {"trail", "size", "root", "previous", "at", "signature"}
IN_EXTENSION = {"size", "root", "path"}
IN_EVENT = {
    "id", "at", "organization_id", "account_id", "on_behalf_of", "session_id", "roles", "action", "resource",
    "resource_id", "subjects", "purpose", "outcome", "request_id", "payload_sha256", "mac",
}  # fmt: skip
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
PLATFORM = UUID(int=0)
ABSENT = b"\xff\xff\xff\xff"


class Refused(Exception):
    """What is wrong with a document, as a sentence."""


def verify(document: Any, key: bytes, since: Any = None) -> str:
    """One sentence on what was proved. Raises Refused. `since` is an earlier document that it must extend."""
    told = document.get("format") if isinstance(document, dict) else None
    form = MEMBERS.get(told) if isinstance(told, str) else None
    if form is None:
        raise Refused("This is no document of a format that is known here.")
    document = _members(document, form, "The document")
    if document["public_key"] != b64encode(key).decode():
        raise Refused("It names another public key than the one that is trusted.")
    head = _head(document["head"], key)
    said = [f"The head of size {head['size']} of {head['at']} is signed."]
    if document["format"] == PROOF:
        said.append(_event_is_sealed(document, head))
    if document["extends"] is not None:
        said.append(_extension_holds(document["extends"], head))
    if since is not None:
        said.append(_continues(document, head, since, key))
    return " ".join(said)


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962, 2.1: a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962, 2.1: a node."""
    return sha256(b"\x01" + left + right).digest()


def is_included(leaf: bytes, seq: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    if seq >= size:
        return False
    at, last, node = seq, size - 1, leaf
    for other in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(other, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, other)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def is_extended(old: int, size: int, path: Sequence[bytes], old_root: bytes, root: bytes) -> bool:
    """RFC 9162, 2.1.4.2. A tree extends itself by an empty path."""
    if old == size:
        return not path and old_root == root
    if not 0 < old < size or not path:
        return False
    rest = list(path) if old & (old - 1) else [old_root, *path]
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = rest[0]
    for other in rest[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(other, first), node_hash(other, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, other)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == root


def _event_is_sealed(document: dict[str, Any], head: dict[str, Any]) -> str:
    event = _members(document["event"], IN_EVENT, "The event")
    trail = UUID(head["trail"])
    if trail != PLATFORM and event["organization_id"] != str(trail):
        raise Refused("The event belongs to another trail than the head.")
    leaf, seq = leaf_hash(_event_bytes(event)), _number(document["seq"], "The place of the event", least=0)
    if not is_included(leaf, seq, head["size"], _hashes(document["path"]), bytes.fromhex(head["root"])):
        raise Refused(f"The event {event['id']} is not leaf {seq} under the head: one of the two was changed.")
    return f"The event {event['id']} of {event['at']} is its leaf {seq}."


def _extension_holds(extension: Any, head: dict[str, Any]) -> str:
    told = _members(extension, IN_EXTENSION, "The extension")
    old, old_root = _number(told["size"], "The size of the older tree", least=1), _hash(told["root"])
    if not is_extended(old, head["size"], _hashes(told["path"]), old_root, bytes.fromhex(head["root"])):
        raise Refused(f"The head does not extend a tree of size {old} with that root: the history was changed.")
    return f"It extends the tree of size {old}."


def _continues(document: dict[str, Any], head: dict[str, Any], since: Any, key: bytes) -> str:
    older = _head(since.get("head") if isinstance(since, dict) else None, key)
    if older["trail"] != head["trail"]:
        raise Refused("The earlier head is of another trail.")
    if older["size"] == head["size"]:
        if older["root"] != head["root"]:
            raise Refused("Two signed heads of the same size have different roots: the history was changed.")
    elif older["size"] > head["size"]:
        raise Refused(f"The earlier head has size {older['size']}, this one {head['size']}: the end was cut off.")
    elif document["extends"] is None or document["extends"]["size"] != older["size"]:
        raise Refused(f"No proof that it extends the earlier head: ask again with ?from={older['size']}.")
    elif document["extends"]["root"] != older["root"]:
        raise Refused("The tree that it extends is not the one of the earlier head: the history was changed.")
    return f"It continues the head of {older['at']}."


def _head(told: Any, key: bytes) -> dict[str, Any]:
    """A head whose signature holds."""
    if told is None:
        raise Refused("There is no head: nothing was sealed yet.")
    head = _members(told, IN_HEAD, "The head")
    content = _together(
        b"chiron.head.v1",
        _uuid(head["trail"]),
        _number(head["size"], "The size of the head", least=1).to_bytes(8),
        _hash(head["root"]),
        _hash(head["previous"]),
        _instant(head["at"]),
    )
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(_base64(head["signature"]), content)
    except InvalidSignature:
        raise Refused("The head is not signed with the trusted key.") from None
    return head


def _event_bytes(event: dict[str, Any]) -> bytes:
    """The entry of the leaf: every part of the event after its length, then the code of authentication."""
    digest = event["payload_sha256"]
    parts = [b"chiron.event.v1", _uuid(event["id"]), _instant(event["at"])]
    parts_told = ("organization_id", "account_id", "on_behalf_of", "session_id")
    optional = [_uuid(event[name]) if event[name] is not None else None for name in parts_told]
    about = None if event["resource_id"] is None else _uuid(event["resource_id"])
    return _together(
        *parts,
        *optional,
        _together(*(_text(role) for role in _list(event["roles"]))),
        _text(event["action"]),
        _text(event["resource"]),
        about,
        _together(*(_uuid(subject) for subject in _list(event["subjects"]))),
        _text(event["purpose"]),
        _text(event["outcome"]),
        _text(event["request_id"]),
        None if digest is None else _hash(digest),
    ) + _hash(event["mac"])


def _together(*parts: bytes | None) -> bytes:
    return b"".join(ABSENT if part is None else len(part).to_bytes(4) + part for part in parts)


def _members(told: Any, names: set[str], what: str) -> dict[str, Any]:
    if not isinstance(told, dict) or set(told) != names:
        raise Refused(f"{what} does not have exactly the members it should have.")
    return told


def _number(told: Any, what: str, *, least: int) -> int:
    if type(told) is not int or not least <= told < 2**63:
        raise Refused(f"{what} is not a number from {least} up.")
    return told


def _text(told: Any) -> bytes:
    if not isinstance(told, str):
        raise Refused("A member of the event that should be text is not.")
    return told.encode(errors="surrogatepass")


def _uuid(told: Any) -> bytes:
    try:
        known = UUID(_text(told).decode())
    except ValueError:
        raise Refused("An id is not a UUID.") from None
    if str(known) != told:
        raise Refused("An id is not in its usual form.")
    return known.bytes


def _instant(told: Any) -> bytes:
    if not INSTANT.fullmatch(_text(told).decode(errors="replace")):
        raise Refused("An instant is not in UTC to the microsecond.")
    return _text(told)


def _hash(told: Any) -> bytes:
    if not isinstance(told, str) or not HASH.fullmatch(told):
        raise Refused("A hash is not 64 hexadecimal digits in small letters.")
    return bytes.fromhex(told)


def _hashes(told: Any) -> list[bytes]:
    return [_hash(each) for each in _list(told)]


def _list(told: Any) -> list[Any]:
    if not isinstance(told, list):
        raise Refused("A member that should be a list is not.")
    return told


def _base64(told: Any) -> bytes:
    try:
        content = b64decode(told, validate=True)
    except (ValueError, TypeError):
        raise Refused("The signature is not in base64.") from None
    if b64encode(content).decode() != told:
        raise Refused("The signature is not in its usual form.")
    return content


def _read(name: str) -> Any:
    """A document from a file. A member that is told twice is refused, since readers differ in which they take."""

    def once(members: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(members)) != len(members):
            raise Refused("A member is told twice.")
        return dict(members)

    try:
        return json.loads(Path(name).read_text(encoding="utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise Refused("This is not JSON.") from None
    except OSError as error:
        raise Refused(f"It cannot be read ({error.strerror}).") from None


def _key(told: str) -> bytes:
    """The 32 bytes of a public key, from base64 or a file of it. Raises ValueError."""
    path = Path(told)
    key = b64decode((path.read_text(encoding="ascii") if path.exists() else told).strip(), validate=True)
    if len(key) != 32:
        raise ValueError("an Ed25519 key has 32 bytes")
    return key


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify each document that is named, say what was found, and answer the exit code."""
    parser = argparse.ArgumentParser(description="Verify proofs of an audit trail.")
    parser.add_argument("documents", nargs="+", metavar="DOCUMENT", help="an answer of Chiron, saved as JSON")
    parser.add_argument("--key", required=True, help="the trusted public key, in base64 or as a file")
    parser.add_argument("--since", metavar="HEAD", help="an earlier answer, which each document must extend")
    asked = parser.parse_args(arguments)
    try:
        key = _key(asked.key)
    except (ValueError, OSError):
        parser.error("--key is neither an Ed25519 key of 32 bytes in base64 nor a file that holds one")
    code = 0
    for name in asked.documents:
        try:
            told = verify(_read(name), key, _read(asked.since) if asked.since else None)
        except Refused as reason:
            code, told = 1, f"REFUSED. {reason}"
        sys.stdout.write(f"{name}: {told}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
