"""Verbs on laboratory reports."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.versions import expect
from chiron.laboratory.doors import REPORTS, report_for, specimen_for
from chiron.laboratory.errors import ReportNotPreliminary, ReportNotReleased, ReportWithdrawn, SpecimenNotReceived
from chiron.laboratory.models import LaboratoryReport, Result, Specimen
from chiron.laboratory.rules import Found, must_be_in_order, must_stand_once
from chiron.laboratory.sealing import raised_report
from chiron.laboratory.services.specimens import advance
from chiron.laboratory.words import EXAMINABLE, RELEASED, ReportState, SpecimenState
from chiron.records.public import Flag, flagged, must_make_sense, record_results, withdraw_results


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSaid:
    """What a report says: what was found, and when that was known."""

    found: Sequence[Found]
    resulted_at: datetime | None = None


def create_report(*, by: Caller, specimen_id: UUID, said: ReportSaid, now: datetime) -> LaboratoryReport:
    """Say what was found in a specimen, not yet for good. Each value is flagged as it will be in the chart.

    Raises NotFound, SpecimenNotReceived, AnalyteTwice, UnitUnknown, UnitMismatch, RangeGoesDownward, Invalid for a time
    before the specimen was received or still to come.
    """
    specimen = specimen_for(by, specimen_id, "create", resource=REPORTS, lock=True)
    if specimen.state not in EXAMINABLE:
        raise SpecimenNotReceived(state=specimen.state)
    report = LaboratoryReport(specimen=specimen, reported_by=by.account_id, recorded_at=now, updated_at=now)
    _date(report, said, now)
    report.save(force_insert=True)
    _find(report, places(said.found), now)
    if specimen.state != SpecimenState.EXAMINED:
        advance(specimen, SpecimenState.EXAMINED, now)
    _record(by, "laboratory-report.created", report)
    return report


def change_report(
    *, by: Caller, report_id: UUID, said: ReportSaid, if_match: int | None, now: datetime
) -> LaboratoryReport:
    """Say everything of a preliminary report anew.

    Raises NotFound, StaleVersion, ReportNotPreliminary, and what `create_report` raises for what it says.
    """
    report = report_for(by, report_id, "update", lock=True)
    expect(report, if_match)
    _must_be_preliminary(report)
    _date(report, said, now)
    Result.objects.filter(report=report).delete()
    _find(report, places(said.found), now)
    _save(report, ReportState.PRELIMINARY, now)
    _record(by, "laboratory-report.updated", report)
    return report


def release_report(*, by: Caller, report_id: UUID, if_match: int | None, now: datetime) -> LaboratoryReport:
    """Vouch for a report: each result becomes a record in the patient's chart, and the patient is told once.

    Raises NotFound, StaleVersion, ReportNotPreliminary.
    """
    report = report_for(by, report_id, "release", lock=True)
    expect(report, if_match)
    _must_be_preliminary(report)
    report.released_at, report.released_by = max(now, report.resulted_at), by.account_id  # another's clock may be ahead
    _save(report, ReportState.FINAL, now)
    _chart(by, report, list(Result.objects.filter(report=report).order_by("place")), "release", now)
    _record(by, "laboratory-report.released", report)
    return report


def amend_report(
    *, by: Caller, report_id: UUID, said: ReportSaid, reason: str, if_match: int | None, now: datetime
) -> LaboratoryReport:
    """Let a released report say something else, and why; the patient is told.

    What is found anew or otherwise becomes a record; what it replaces is entered in error, and kept; what stays the
    same stays. Raises NotFound, StaleVersion, ReportNotReleased, and what `create_report` raises for what it says.
    """
    report = report_for(by, report_id, "amend", lock=True)
    expect(report, if_match)
    if report.state not in RELEASED:
        raise ReportNotReleased(state=report.state)
    _date(report, said, now)
    place_of = places(said.found)
    kept: list[Result] = []
    gone: list[Result] = []
    for result in Result.objects.filter(report=report):
        result.place = place_of.pop(_found(result), -1)
        (gone if result.place < 0 else kept).append(result)
    withdraw_results(by=by, ids=records_of(gone), reason=reason, action="amend", now=now)
    Result.objects.filter(id__in=[each.id for each in gone]).delete()
    Result.objects.bulk_update(kept, ["place"])
    made = _find(report, place_of, now)
    report.released_at, report.released_by = max(now, report.resulted_at), by.account_id
    _save(report, ReportState.AMENDED, now, reason)
    _chart(by, report, made, "amend", now)
    _record(by, "laboratory-report.amended", report)
    return report


def withdraw_report(
    *, by: Caller, report_id: UUID, reason: str, if_match: int | None, now: datetime
) -> LaboratoryReport:
    """Take a report back, and say why: what it brought into the chart is entered in error, and kept.

    Raises NotFound, StaleVersion, ReportWithdrawn.
    """
    report = report_for(by, report_id, "withdraw", lock=True)
    expect(report, if_match)
    if report.state == ReportState.WITHDRAWN:
        raise ReportWithdrawn
    charted = records_of(Result.objects.filter(report=report))
    withdraw_results(by=by, ids=charted, reason=reason, action="withdraw", now=now)
    _save(report, ReportState.WITHDRAWN, now, reason)
    _record(by, "laboratory-report.withdrawn", report)
    return report


def _date(report: LaboratoryReport, said: ReportSaid, now: datetime) -> None:
    received_at = report.specimen.received_at or now
    if said.resulted_at:
        must_be_in_order(received_at, said.resulted_at, now, "resulted_at")
    report.resulted_at = said.resulted_at or max(now, received_at)


def _find(report: LaboratoryReport, place_of: Mapping[Found, int], now: datetime) -> list[Result]:
    """Write results of a report, each with its place and its flag."""
    return Result.objects.bulk_create(
        Result(
            report=report, place=place, code=each.code, name=each.name, value=each.value, unit=each.unit,
            low=each.low, high=each.high, flag=_flag(report.specimen, each, now),
        )
        for each, place in place_of.items()
    )  # fmt: skip


def _flag(specimen: Specimen, found: Found, now: datetime) -> Flag | None:
    """The flag that a result will have in the chart."""
    statement = found.statement(specimen.collected_at)
    must_make_sense(statement)
    return flagged(statement, specimen.patient, now).flag


def places(found: Sequence[Found]) -> dict[Found, int]:
    """What was found, each with its place. Raises AnalyteTwice."""
    must_stand_once(found)
    return {each: place for place, each in enumerate(found)}


def records_of(results: Iterable[Result]) -> list[UUID]:
    """What the chart says of these results."""
    return [each.record_id for each in results if each.record_id is not None]


def _found(result: Result) -> Found:
    return Found(
        code=result.code, name=result.name, value=result.value, unit=result.unit, low=result.low, high=result.high
    )


def _chart(by: Caller, report: LaboratoryReport, results: Sequence[Result], action: str, now: datetime) -> None:
    """Bring results into the patient's chart."""
    specimen: Specimen = report.specimen
    statements = [_found(each).statement(specimen.collected_at) for each in results]
    records = record_results(by=by, patient=specimen.patient, statements=statements, action=action, now=now)
    for result, record in zip(results, records, strict=True):
        result.record_id, result.flag = record.id, record.flag
    Result.objects.bulk_update(results, ["record", "flag"])


def _must_be_preliminary(report: LaboratoryReport) -> None:
    if report.state != ReportState.PRELIMINARY:
        raise ReportNotPreliminary(state=report.state)


def _save(report: LaboratoryReport, state: ReportState, now: datetime, reason: str | None = None) -> None:
    raised_report(report, reason)
    report.state, report.updated_at = state, now
    report.save(force_update=True)


def _record(by: Caller, action: str, report: LaboratoryReport) -> None:
    audit.record(by, action, resource=REPORTS, resource_id=report.id, subjects=[report.specimen.patient_id])
