"""Keeping annotations at the words that they quote, whatever becomes of the text (REC-04)."""

from collections.abc import Collection, Mapping
from uuid import UUID

from chiron.records.anchors import Passage, follow
from chiron.records.entries import Statement
from chiron.records.models import Anchor, Record
from chiron.records.queries import anchors_at
from chiron.records.sealing import Text, anchor_of, passage_of, text_of
from chiron.records.words import Part
from chiron.vault.public import Safe


def follow_words(record: Record, before: Text | Statement, after: Statement, safe: Safe, *, restored: int = 0) -> None:
    """After a change of a record, whose row is locked: find the quoted words anew, or let the annotation be an orphan.

    Where a version was restored, annotations that were already there have their words where they had them then.
    """
    if words(before) == words(after):
        return
    known = {anchor.annotation_id: passage_of(anchor, safe) for anchor in anchors_at(annotation__record=record)}
    if not known:
        return
    moved = {id: followed(passage, before, after) for id, passage in known.items()} | passages_in(
        record, restored, safe
    )
    Anchor.objects.bulk_create(
        anchor_of(id, record.version, passage, safe) for id, passage in moved.items() if passage != known[id]
    )


def quoted_texts(records: Collection[Record], safe: Safe) -> dict[UUID, Text]:
    """The texts, as they are, of those records of which annotations quote words."""
    anchors = Anchor.objects.filter(annotation__record__in=[record.id for record in records])
    quoted = set(anchors.values_list("annotation__record_id", flat=True))
    return {record.id: text_of(record, safe) for record in records if record.id in quoted}


def words(said: Text | Statement) -> Mapping[Part, str]:
    return {Part.TITLE: said.title, Part.DESCRIPTION: said.description}


def followed(passage: Passage, before: Text | Statement, after: Statement) -> Passage:
    return follow(passage, words(before)[passage.part], words(after)[passage.part])


def passages_in(record: Record, version: int, safe: Safe) -> dict[UUID, Passage]:
    """Where the words stood in an earlier version, for the annotations that there were by then."""
    anchors = anchors_at(annotation__record=record, record_version__lte=version) if version else []
    return {anchor.annotation_id: passage_of(anchor, safe) for anchor in anchors}
