"""Whom each of very many resources belongs to, found out without holding them: a private temporary database.

It holds places in files, and digests under a key of this run where names stood: nothing that anybody could read. It
lies in memory as far as it is small, else in a file without a name that is gone with the process.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from chiron.interop.errors import Fault
from chiron.interop.fhir.bundle import TWICE, Entry, names_of
from chiron.interop.fhir.pieces import Piece
from chiron.interop.fhir.reading.elements import Element
from chiron.interop.fhir.reading.records import patient_of
from chiron.interop.fhir.references import NAMED, RELATIVE, dangling, references, searches, type_in
from chiron.interop.fhir.sorting import MANY, NONE, PLACES, SEVERAL, UNWANTED

PLACE, TREATING, PATIENT, RECORD, SHARED, REFUSED = range(6)
KINDS = {"Practitioner": TREATING, "PractitionerRole": TREATING, "Patient": PATIENT, "Medication": SHARED}
KINDS |= dict.fromkeys(PLACES, PLACE)

SCHEMA = """
CREATE TABLE piece (
    id INTEGER PRIMARY KEY, file, number, begins, length, mark, type, kind, about BLOB, outside, owner
);
CREATE TABLE name (name BLOB PRIMARY KEY, piece) WITHOUT ROWID;
CREATE TABLE link (piece, name BLOB, must, patient, PRIMARY KEY (piece, name)) WITHOUT ROWID;
CREATE TABLE belongs (owner, piece, PRIMARY KEY (owner, piece)) WITHOUT ROWID;
CREATE TABLE settled (piece INTEGER PRIMARY KEY);
CREATE TABLE provider (piece INTEGER PRIMARY KEY, id BLOB);
CREATE VIEW listed AS SELECT id, type, file, number, begins, length, mark FROM piece;
"""
SETTLE = """
CREATE INDEX linked ON link (name);
CREATE INDEX named ON name (piece);
UPDATE piece SET owner = id WHERE kind IN (0, 1, 2);
UPDATE piece SET owner = found.id FROM name JOIN piece AS found ON found.id = name.piece
    WHERE name.name = piece.about AND found.type = iif(piece.kind = 1, 'Practitioner', 'Patient')
    AND piece.kind IN (1, 3, 4);
UPDATE piece SET owner = about WHERE kind IN (3, 4) AND outside AND about NOT IN (SELECT name FROM name);
INSERT INTO belongs SELECT owner, id FROM piece WHERE kind < 5 AND owner IS NOT NULL;
INSERT INTO settled SELECT DISTINCT piece FROM belongs;
CREATE VIEW lost AS SELECT id FROM piece WHERE kind IN (3, 4) AND id NOT IN (SELECT piece FROM settled);
CREATE VIEW owned AS SELECT id, owner FROM piece WHERE kind IN (2, 3, 4) AND owner IS NOT NULL;
INSERT OR IGNORE INTO belongs SELECT owned.owner, lost.id FROM lost JOIN link ON link.piece = lost.id
    JOIN name ON name.name = link.name JOIN owned ON owned.id = name.piece;
INSERT OR IGNORE INTO belongs SELECT link.name, lost.id FROM lost JOIN link ON link.piece = lost.id
    WHERE link.patient AND link.name NOT IN (SELECT name FROM name);
INSERT OR IGNORE INTO settled SELECT piece FROM belongs;
INSERT OR IGNORE INTO belongs SELECT owned.owner, lost.id FROM lost JOIN name ON name.piece = lost.id
    JOIN link ON link.name = name.name JOIN owned ON owned.id = link.piece;
INSERT OR IGNORE INTO settled SELECT piece FROM belongs;
"""
GROUPED = """
SELECT belongs.owner, listed.* FROM belongs JOIN listed ON listed.id = belongs.piece
    WHERE (belongs.owner IN (SELECT id FROM piece WHERE kind IN (0, 1))) = ? ORDER BY belongs.owner, belongs.piece
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A resource in the catalogue."""

    id: int
    resource_type: str
    piece: Piece


class Catalogue:
    """First `add` every resource, then `settle`, then read the groups."""

    def __init__(self) -> None:
        self.key = os.urandom(32)
        self.database = sqlite3.connect("", isolation_level=None)
        self.database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {SCHEMA}")

    def add(self, piece: Piece, entry: Entry) -> None:
        """Raises Fault where another resource has its name, or a reference of it cannot lead anywhere."""
        resource = Element(entry.resource_type, entry.resource)
        reason = dangling(entry.resource, lambda reference: True)
        if reason is not None:
            raise Fault(reason)
        kind = KINDS.get(entry.resource_type, RECORD)
        about = about_of(resource, kind)
        links = {self.digest(each): each for each in references(entry.resource)}
        place = (piece.file, piece.number, piece.begins, piece.length, piece.mark, entry.resource_type, kind)
        outside = bool(about) and not about.startswith("#") and type_in(about) in ("", "Patient")
        own = self.digest(about) if about else None
        names = {self.digest(name) for name in names_of(entry)}
        if any(self.one("SELECT 1 FROM name WHERE name = ?", name) for name in names):
            raise Fault(TWICE)
        added = self.database.execute(
            "INSERT INTO piece (file, number, begins, length, mark, type, kind, about, outside)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*place, own, outside),
        )
        others = {self.digest(search) for search in searches(entry.resource)}
        rows = [(name, added.lastrowid) for name in names | others]
        self.database.executemany("INSERT OR IGNORE INTO name VALUES (?, ?)", rows)
        ends = [(added.lastrowid, name, must_lead(each), type_in(each) == "Patient") for name, each in links.items()]
        self.database.executemany("INSERT INTO link VALUES (?, ?, ?, ?)", ends)

    def digest(self, reference: str) -> bytes:
        return digest(self.key, reference)

    def has(self, reference: str) -> bool:
        """Whether a reference leads to a resource in the catalogue."""
        return bool(self.one("SELECT 1 FROM name WHERE name = ?", self.digest(reference)))

    def lost(self) -> list[Listed]:
        """The resources with a reference that leads to nothing in the catalogue."""
        return self.listed(
            "SELECT * FROM listed WHERE id IN"
            " (SELECT piece FROM link WHERE must AND name NOT IN (SELECT name FROM name)) ORDER BY id"
        )

    def refuse(self, listed: Listed) -> None:
        """It stays known by its name, but will not be imported."""
        self.database.execute("UPDATE piece SET kind = ? WHERE id = ?", (REFUSED, listed.id))

    def settle(self) -> Iterator[tuple[Listed, str]]:
        """Find whom each resource belongs to; yields those that are nobody's, or several's, with the reason."""
        self.database.executescript(SETTLE)
        patients = self.owners("SELECT DISTINCT owner FROM piece WHERE kind = 2 LIMIT 2")
        several = self.owners("SELECT DISTINCT owner FROM owned LIMIT 2")
        everyone = patients or several
        if len(everyone) == 1:
            self.database.execute("INSERT INTO belongs SELECT ?, id FROM lost", everyone)
        else:
            yield from self.without("SELECT * FROM listed WHERE id IN lost", MANY if everyone else NONE)
        yield from self.without(
            "SELECT listed.* FROM listed JOIN piece USING (id) WHERE kind = 3 AND id IN"
            " (SELECT piece FROM belongs GROUP BY piece HAVING count(*) > 1)",
            SEVERAL,
        )
        yield from self.without(
            "SELECT * FROM listed WHERE id IN"
            " (SELECT piece FROM belongs WHERE owner IN (SELECT id FROM piece WHERE kind = 5))",
            UNWANTED,
        )
        self.database.execute("DELETE FROM belongs WHERE piece IN (SELECT id FROM piece WHERE kind = 5)")

    def without(self, query: str, reason: str) -> Iterator[tuple[Listed, str]]:
        for listed in self.listed(query):
            self.refuse(listed)
            yield listed, f"The {listed.resource_type} {reason}"

    def directory(self) -> Iterator[list[Listed]]:
        """Each place by itself, and each practitioner with the roles."""
        return self.grouped(directory=True)

    def patients(self) -> Iterator[list[Listed]]:
        """Each patient with all records, in the order of the patients."""
        return self.grouped(directory=False)

    def grouped(self, *, directory: bool) -> Iterator[list[Listed]]:
        rows = self.database.execute(GROUPED, (directory,))
        for _, group in groupby(rows, key=lambda row: row[0]):
            yield [Listed(row[1], row[2], Piece(*row[3:])) for row in group]

    def treats(self, number: int, provider_id: UUID) -> None:
        """Remember which provider a practitioner or role has become."""
        self.database.execute("INSERT OR REPLACE INTO provider VALUES (?, ?)", (number, provider_id.bytes))

    def treating(self, group: Iterable[Listed]) -> dict[bytes, UUID]:
        """The providers whom these resources point at, by the digest of the reference."""
        query = (
            "SELECT link.name, provider.id FROM link JOIN name ON name.name = link.name"
            " JOIN provider ON provider.piece = name.piece WHERE link.piece = ?"
        )
        return {
            name: UUID(bytes=own)
            for listed in group
            for name, own in self.database.execute(query, (listed.id,)).fetchall()
        }

    def types(self) -> Iterator[str]:
        """The type of each resource in the catalogue."""
        return (kind for (kind,) in self.database.execute("SELECT type FROM piece"))

    def listed(self, query: str) -> list[Listed]:
        return [Listed(row[0], row[1], Piece(*row[2:])) for row in self.database.execute(query).fetchall()]

    def owners(self, query: str) -> Sequence[Any]:
        return [owner for (owner,) in self.database.execute(query).fetchall()]

    def one(self, query: str, *values: object) -> Any:
        return self.database.execute(query, values).fetchone()


def about_of(resource: Element, kind: int) -> str:
    """The reference to whom a resource belongs: the patient, or the practitioner who has a role."""
    if kind in (RECORD, SHARED):
        return patient_of(resource)
    link = resource.one("practitioner") if resource.path == "PractitionerRole" else None
    return link.text("reference") if link is not None else ""


def must_lead(reference: str) -> bool:
    """Whether a reference names something of its own file, or something known."""
    return bool(RELATIVE.fullmatch(reference) or NAMED.fullmatch(reference))


def digest(key: bytes, reference: str) -> bytes:
    """One digest for all ways of writing a reference: to any version of a resource, with or without escapes."""
    plain = unquote(reference) if "?" in reference else reference.partition("/_history/")[0]
    return blake2b(plain.encode(), key=key, digest_size=16).digest()
