"""A long trail under 200 heads, what may be done to it, and where that must be found."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from chiron.audit.findings import Finding
from chiron.audit.heads import SignedHead
from chiron.audit.tests.factories import owner, rows, unguarded
from chiron.audit.tree import Frontier
from chiron.kernel.clock import now
from chiron.postgres.logins import sealer_login

SECTIONS = 200
TABLES = {"audit_event": "id", "audit_leaf": "seq", "audit_head": "size"}
EDITS = {
    "at": "at + interval '1 microsecond'",
    "organization_id": "gen_random_uuid()",
    "account_id": "gen_random_uuid()",
    "on_behalf_of": "gen_random_uuid()",
    "session_id": "gen_random_uuid()",
    "roles": "'{ADMIN}'",
    "action": "action || ' '",
    "resource": "'records'",
    "resource_id": "gen_random_uuid()",
    "subjects": "'{}'",
    "purpose": "'BTG'",
    "outcome": "'denied'",
    "request_id": "'r'",
    "payload": "'\\x00'",
    "mac": "set_bit(mac, 77, 1 - get_bit(mac, 77))",
}
HEAD_EDITS = {
    "at": "at + interval '1 microsecond'",
    "root": "set_bit(root, 9, 1 - get_bit(root, 9))",
    "previous": "set_bit(previous, 9, 1 - get_bit(previous, 9))",
    "signature": "set_bit(signature, 9, 1 - get_bit(signature, 9))",
    "frontier": "set_bit(frontier, 9, 1 - get_bit(frontier, 9))",
}
FORGED = """
    INSERT INTO audit_event (id, at, roles, action, resource, subjects, purpose, outcome, request_id, mac)
    VALUES (gen_random_uuid(), now(), '{}', 'x', '', '{}', '', 'success', '', sha256(''))
"""


@dataclass(frozen=True)
class Deed:
    """One kind of tampering, how it is done, and the finding that must tell of it."""

    name: str
    statements: list[str]
    kind: str
    seq: int | None = None
    head: int | None = None

    def is_told_by(self, finding: Finding) -> bool:
        by_place = (self.seq, self.head) in ((finding.seq, None), (None, finding.head))
        return finding.kind == self.kind and (by_place or (self.seq, self.head) == (finding.seq, finding.head))

    def may_explain(self, finding: Finding, section: int) -> bool:
        """Whether a finding is about the same place: the leaf or one moved with it, the head or the one after it."""
        near_leaf = self.seq is not None and finding.seq is not None and self.seq <= finding.seq <= self.seq + 3
        near_head = self.head is not None and finding.head in (self.head, self.head + section)
        nowhere = finding.seq is None and finding.head is None
        return near_leaf or near_head or nowhere


def local_deeds(section: int) -> Iterator[Deed]:
    """Every kind of change at one place, each in a section of its own."""
    places = iter(random.sample(range(SECTIONS // 2), SECTIONS // 2))

    def seq() -> int:
        return next(places) * section + random.randrange(1, section - 4)

    for column, value in EDITS.items():
        at = seq()
        yield Deed(f"edit {column}", [f"UPDATE audit_event SET {column} = {value} WHERE {of(at)}"], "edited", at)
    at = seq()
    yield Deed("edit id", [f"UPDATE audit_event SET id = gen_random_uuid() WHERE {of(at)}"], "deleted", at)
    at = seq()
    yield Deed("edit a leaf", [f"UPDATE audit_leaf SET hash = sha256(hash) WHERE seq = {at}"], "edited", at)
    at = seq()
    to_nobody = f"UPDATE audit_leaf SET event_id = gen_random_uuid() WHERE seq = {at}"
    yield Deed("edit a leaf's event", [to_nobody], "deleted", at)
    at = seq()
    yield Deed("delete an event", [f"DELETE FROM audit_event WHERE {of(at)}"], "deleted", at)
    at = seq()
    both = [f"DELETE FROM audit_event WHERE {of(at)}", f"DELETE FROM audit_leaf WHERE seq = {at}"]
    yield Deed("delete an event and its leaf", both, "deleted", at, (at // section + 1) * section)
    at = seq()
    yield Deed(
        "delete a leaf", [f"DELETE FROM audit_leaf WHERE seq = {at}"], "deleted", at, (at // section + 1) * section
    )
    yield Deed("insert an event", [FORGED], "inserted")
    last = SECTIONS * section
    beyond = f"INSERT INTO audit_leaf VALUES ({last}, gen_random_uuid(), sha256(''))"
    yield Deed("insert a leaf", [beyond], "inserted", last)
    at = seq()
    yield Deed("swap two events", moved("event_id", at, 2), "reordered", at)
    at = seq()
    yield Deed("reorder leaves", moved("event_id, hash", at, 3), "reordered", at + 1)  # where the order breaks
    yield from head_deeds(section)


def head_deeds(section: int) -> Iterator[Deed]:
    heads = iter(random.sample(range(SECTIONS // 2 + 1, SECTIONS - 2, 3), len(HEAD_EDITS) + 1))
    for column, value in HEAD_EDITS.items():
        size = next(heads) * section
        yield Deed(f"edit a head's {column}", [f"UPDATE audit_head SET {column} = {value} WHERE size = {size}"],
                   "edited", head=size)  # fmt: skip
    size = next(heads) * section
    yield Deed("delete a head", [f"DELETE FROM audit_head WHERE size = {size}"], "contradicted", head=size)


def of(seq: int) -> str:
    return f"id = (SELECT event_id FROM audit_leaf WHERE seq = {seq})"


def moved(columns: str, first: int, number: int) -> list[str]:
    """So many leaves, each with what stood at the one after it, past the unique index."""
    names = columns.split(", ")
    taken = ", ".join(f"{name} = kept.{name}" for name in names)
    return [
        f"UPDATE audit_leaf SET event_id = gen_random_uuid() WHERE seq >= {first} AND seq < {first + number}",
        f"UPDATE audit_leaf l SET {taken} FROM kept_audit_leaf kept WHERE l.seq >= {first} AND l.seq < {first + number}"
        f" AND kept.seq = {first} + (l.seq - {first} + 1) % {number}",
    ]


def keep(clinic: UUID) -> None:
    """Remember the trail as it was sealed."""
    with owner(clinic) as held:
        for table in TABLES:
            held.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")


def do(clinic: UUID, *deeds: Deed) -> None:
    with unguarded(clinic) as held:
        for deed in deeds:
            for statement in deed.statements:
                held.execute(statement)
                assert held.rowcount > 0, deed.name


def restore(clinic: UUID) -> None:
    """Everything as it was sealed."""
    with unguarded(clinic) as held:
        for table, key in TABLES.items():
            other = f"SELECT {key} FROM (TABLE {table} EXCEPT TABLE kept_{table}) AS other"
            held.execute(f"DELETE FROM {table} WHERE {key} IN ({other})")
            held.execute(f"INSERT INTO {table} TABLE kept_{table} EXCEPT TABLE {table}")


def put_older_copy(clinic: UUID, prefix: str, size: int) -> None:
    """Replace all tables by what they were when that head was signed."""
    sealer = sealer_login(prefix)
    until = {"audit_event": f"id IN (SELECT event_id FROM audit_leaf WHERE seq < {size})",
             "audit_leaf": f"seq < {size}", "audit_head": f"size <= {size}"}  # fmt: skip
    with owner(clinic) as held:
        for table, condition in until.items():
            held.execute(f"CREATE TABLE older_{table} AS SELECT * FROM {table} WHERE {condition}")
            held.execute(f"GRANT SELECT ON older_{table} TO {sealer}")
        for table in TABLES:
            held.execute(f"ALTER TABLE {table} RENAME TO newer_{table}")
            held.execute(f"ALTER TABLE older_{table} RENAME TO {table}")


def take_older_copy_away(clinic: UUID) -> None:
    with owner(clinic) as held:
        for table in TABLES:
            held.execute(f"DROP TABLE {table}")
            held.execute(f"ALTER TABLE newer_{table} RENAME TO {table}")


def rechain(clinic: UUID, seq: int) -> None:
    """Take an event out, close the gap, and compute every later root, frontier and link anew; the key is missing."""
    heads = rows(clinic, "SELECT size, previous FROM audit_head WHERE size > %s ORDER BY size", [seq])
    newest = "SELECT size, frontier FROM audit_head WHERE size <= %s ORDER BY size DESC LIMIT 1"
    [[begin, packed]] = rows(clinic, newest, [seq])
    frontier, previous = Frontier.from_bytes(begin, bytes(packed)), bytes(heads[0][1])
    with unguarded(clinic) as held:
        held.execute(f"DELETE FROM audit_event WHERE {of(seq)}")
        held.execute("DELETE FROM audit_leaf WHERE seq = %s", [seq])
        held.execute("UPDATE audit_leaf SET seq = -seq WHERE seq > %s", [seq])
        held.execute("UPDATE audit_leaf SET seq = -seq - 1 WHERE seq < 0")
        held.execute("SELECT hash FROM audit_leaf WHERE seq >= %s ORDER BY seq", [frontier.size])
        leaves = [bytes(leaf) for [leaf] in held.fetchall()]
        for size, _ in heads:
            some, leaves = leaves[: size - 1 - frontier.size], leaves[size - 1 - frontier.size :]
            frontier = frontier.extended(some)
            head = SignedHead(clinic, frontier.size, frontier.root(), previous, now(), b"")
            held.execute(
                "UPDATE audit_head SET size = %s, root = %s, frontier = %s, at = %s, previous = %s WHERE size = %s",
                [head.size, head.root, frontier.to_bytes(), head.at, previous, size],
            )
            previous = head.digest
