"""Several at once: nothing said is lost, nothing is imported twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from chiron.kernel.errors import DomainError
from chiron.kernel.schemas import PageQuery
from chiron.records.anchors import Passage
from chiron.records.models import Record, RecordVersion
from chiron.records.queries import list_annotations, list_versions, record_for
from chiron.records.services.annotate import annotate
from chiron.records.services.imports import import_records
from chiron.records.services.ranges import RangeSaid, save_range
from chiron.records.services.sign import add_to_record, sign_record
from chiron.records.services.write import amend_record
from chiron.records.signatures import read_signature
from chiron.records.tests.factories import TEN, Ward, entry_of, make_ward
from chiron.records.words import Part, Sensitivity, Verdict, Visibility
from chiron.tenancy.public import inside
from chiron.vault.public import patient_safe

MANY = 8


@pytest.fixture
def standing_ward(fresh_organization: Any) -> Ward:
    """A ward whose rows are committed."""
    with inside(fresh_organization.id):
        return make_ward(fresh_organization.id)


def at_once(ward: Ward, act: Callable[[int], str]) -> list[str]:
    """What came of `act`, done by many at one moment, each in a transaction and on a connection of its own."""
    start = Barrier(MANY)

    def one(number: int) -> str:
        start.wait()
        try:
            with inside(ward.organization_id):
                return act(number)
        except DomainError as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(MANY) as pool:
        return sorted(pool.map(one, range(MANY)))


def titles(ward: Ward, record: Record) -> list[tuple[int, str]]:
    with inside(ward.organization_id):
        versions, _ = list_versions(ward.osei, record_for(ward.osei, record.id), PageQuery())
        return [(version.version, version.statement.title) for version in versions]


def test_everything_that_several_say_at_once_is_kept(standing_ward: Ward) -> None:
    with inside(standing_ward.organization_id):
        record = standing_ward.write()

    def amend(number: int) -> str:
        locked = record_for(standing_ward.osei, record.id, "update")
        amend_record(by=standing_ward.osei, record=locked, changes={"title": f"says {number}"}, now=TEN)
        return "amended"

    assert at_once(standing_ward, amend) == ["amended"] * MANY

    kept = titles(standing_ward, record)
    assert [version for version, _ in kept] == list(range(MANY + 1, 0, -1))
    assert {title for _, title in kept} == {"Headache", *(f"says {number}" for number in range(MANY))}


def test_of_several_who_change_the_same_version_one_does(standing_ward: Ward) -> None:
    with inside(standing_ward.organization_id):
        record = standing_ward.write()

    def amend(number: int) -> str:
        locked = record_for(standing_ward.osei, record.id, "update")
        changes = {"title": f"says {number}"}
        amend_record(by=standing_ward.osei, record=locked, changes=changes, if_match=1, now=TEN)
        return "amended"

    assert at_once(standing_ward, amend) == ["amended"] + ["stale-version"] * (MANY - 1)

    assert len(titles(standing_ward, record)) == 2


def test_the_same_file_imported_by_several_at_once_is_imported_once(standing_ward: Ward) -> None:
    patient_id = standing_ward.kofi_patient.id

    def bring(number: int) -> str:
        entries = [entry_of(standing_ward.organization_id, f"statement {key}") for key in range(20)]
        safe = patient_safe(standing_ward.organization_id, patient_id)
        outcomes = import_records(by=standing_ward.ama, patient_id=patient_id, safe=safe, entries=entries, now=TEN)
        return " ".join({outcome.outcome for outcome in outcomes})

    assert at_once(standing_ward, bring) == ["created"] + ["unchanged"] * (MANY - 1)

    with inside(standing_ward.organization_id):
        assert (Record.objects.count(), RecordVersion.objects.count()) == (20, 0)


def test_what_is_signed_while_others_change_it_is_the_last_that_was_said(standing_ward: Ward) -> None:
    with inside(standing_ward.organization_id):
        record = standing_ward.write()

    def sign_or_amend(number: int) -> str:
        locked = record_for(standing_ward.osei, record.id, "sign" if number == 0 else "update")
        if number == 0:
            return f"signed version {sign_record(by=standing_ward.osei, record=locked, now=TEN).record_version}"
        amend_record(by=standing_ward.osei, record=locked, changes={"title": f"says {number}"}, now=TEN)
        return "amended"

    outcomes = at_once(standing_ward, sign_or_amend)

    amended = outcomes.count("amended")
    assert outcomes == ["amended"] * amended + ["record-signed"] * (MANY - 1 - amended) + [
        f"signed version {amended + 1}"
    ]
    with inside(standing_ward.organization_id):
        found = read_signature(standing_ward.osei, Record.objects.get())
        assert (found.signature.record_version, found.verdict) == (Record.objects.get().version, Verdict.INTACT)


def test_of_several_who_sign_at_once_one_does(standing_ward: Ward) -> None:
    with inside(standing_ward.organization_id):
        record = standing_ward.write()

    def sign(number: int) -> str:
        sign_record(by=standing_ward.osei, record=record_for(standing_ward.osei, record.id, "sign"), now=TEN)
        return "signed"

    assert at_once(standing_ward, sign) == ["record-signed"] * (MANY - 1) + ["signed"]


def test_words_that_are_quoted_while_others_change_them_are_never_quoted_wrongly(standing_ward: Ward) -> None:
    with inside(standing_ward.organization_id):
        record = standing_ward.write(description="Since Sunday.")

    def quote_or_amend(number: int) -> str:
        if number % 2:
            locked = record_for(standing_ward.osei, record.id, "update")
            amend_record(by=standing_ward.osei, record=locked, changes={"description": "On Sunday."}, now=TEN)
            return "amended"
        locked = record_for(standing_ward.osei, record.id, "create", resource="annotations", lock=True)
        passage = Passage(Part.DESCRIPTION, 6, 12, "Sunday")
        visible = Visibility.CARE_TEAM
        annotate(by=standing_ward.osei, record=locked, content="?", visibility=visible, passage=passage, now=TEN)
        return "annotated"

    at_once(standing_ward, quote_or_amend)

    with inside(standing_ward.organization_id):
        remarks, _ = list_annotations(standing_ward.osei, record, PageQuery())
        assert {remark.passage for remark in remarks} <= {Passage(Part.DESCRIPTION, 3, 9, "Sunday")}


def test_of_several_who_state_the_same_reference_range_at_once_one_does(standing_ward: Ward) -> None:
    def state(number: int) -> str:
        said = RangeSaid(code="718-7", unit="g/dL", age_from=number, age_until=number + MANY)
        save_range(by=standing_ward.ama, range_id=None, said=said, if_match=None, now=TEN)
        return "stated"

    assert at_once(standing_ward, state) == ["ranges-overlap"] * (MANY - 1) + ["stated"]


def test_a_record_that_is_labelled_while_somebody_adds_to_it_has_no_addendum_without_the_label(
    standing_ward: Ward,
) -> None:
    with inside(standing_ward.organization_id):
        record = standing_ward.write()

    def label_or_add(number: int) -> str:
        osei = standing_ward.osei
        if number == 0:
            locked, labels = record_for(osei, record.id, "update"), (Sensitivity.PSY,)
            amend_record(by=osei, record=locked, changes={"labels": labels}, now=TEN)
        else:
            add_to_record(by=osei, record=record_for(osei, record.id, "create", lock=True), content="More", now=TEN)
        return "done"

    assert at_once(standing_ward, label_or_add) == ["done"] * MANY

    with inside(standing_ward.organization_id):
        assert set(Record.objects.values_list("labels__0", flat=True)) == {"PSY"}
        assert Record.objects.count() == MANY
