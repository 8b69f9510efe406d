"""Patients who may be the same person, for staff to decide (PAT-05)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, cursor
from chiron.kernel.pagination import Page, cursor_of, values_of
from chiron.kernel.schemas import PageQuery
from chiron.registry.likeness import ENOUGH, Known, Likeness, likeness
from chiron.registry.models import Patient
from chiron.registry.queries import Opened, open_patients

SCAN = 200
PAIRS = """
    SELECT a, b FROM (
        SELECT m.patient_id AS a, n.patient_id AS b
          FROM registry_identifier m JOIN registry_identifier n
            ON n.value_index = m.value_index AND m.patient_id < n.patient_id
        UNION
        SELECT p.id, q.id
          FROM registry_patient p JOIN registry_patient q
            ON q.birth_date = p.birth_date AND p.id < q.id AND q.name_tokens && p.name_tokens
    ) pairs
     WHERE NOT EXISTS (SELECT FROM registry_patient r WHERE r.id IN (a, b) AND r.replaced_by_id IS NOT NULL)
       AND (%(b)s::uuid IS NULL OR (b, a) < (%(b)s, %(a)s))
     ORDER BY b DESC, a DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two patients, how alike they are and in what."""

    one: Opened
    other: Opened
    likeness: Likeness


def list_duplicates(by: Caller, query: PageQuery) -> Page[Candidate]:
    """A page of pairs who may be one person, those with the newest patient first; each with its score.

    Considered are pairs with a number in common (of whatever authority), or with a birth date and the beginning of a
    name in common; shown are those that are alike enough once they are opened.
    """
    by.scope("duplicates", "read")
    after = values_of(query.cursor, UUID, UUID) if query.cursor else [None, None]
    found: list[Candidate] = []
    while True:
        pairs = _pairs(after)
        found += [each for each in _candidates(pairs) if each.likeness.score >= ENOUGH]
        if len(pairs) < SCAN or len(found) > query.limit:
            break
        after = [pairs[-1][1], pairs[-1][0]]
    shown = found[: query.limit]
    more = cursor_of(shown[-1].other.patient.id, shown[-1].one.patient.id) if len(found) > query.limit else None
    subjects = [opened.patient.id for each in shown for opened in (each.one, each.other)]
    audit.record(by, "duplicate.listed", resource="duplicates", subjects=subjects)
    return Page(shown, more)


def _pairs(after: Sequence[UUID | None]) -> list[tuple[UUID, UUID]]:
    with cursor(CLINICAL) as asked:
        asked.execute(PAIRS, {"b": after[0], "a": after[1], "limit": SCAN})
        return list(asked.fetchall())


def _candidates(pairs: Sequence[tuple[UUID, UUID]]) -> list[Candidate]:
    ids = {id for pair in pairs for id in pair}
    opened = {each.patient.id: each for each in open_patients(list(Patient.objects.filter(id__in=ids)))}
    known = {id: _known(each) for id, each in opened.items()}
    return [Candidate(opened[a], opened[b], likeness(known[a], known[b])) for a, b in pairs]


def _known(found: Opened) -> Known:
    patient = found.patient
    return Known(found.person, found.born, patient.sex, frozenset(value for _, value, _ in found.identifiers))
