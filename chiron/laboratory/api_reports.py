"""Laboratory reports over HTTP."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.versions import created, etag, if_match
from chiron.laboratory import queries
from chiron.laboratory.models import LaboratoryReport
from chiron.laboratory.services import reports
from chiron.laboratory.shapes import (
    AmendIn,
    ReportChanges,
    ReportEnvelope,
    ReportIn,
    ReportOut,
    ReportQuery,
    Reports,
    WhyIn,
)

router = Router(tags=["laboratory reports"])
ONE = "/lab-reports/{uuid:report_id}"


@router.get("/lab-reports", response=Reports)
@needs("laboratory-reports", "read")
def list_reports(request: Call, asked: Query[ReportQuery]) -> Reports:
    """The reports of my laboratories or of my patients, the newest first; for patients their own, once released."""
    found = queries.list_reports(request.caller, asked.asked(), asked)
    return Reports(lab_reports=[ReportOut.of(each) for each in found.rows], next=found.next)


@router.post("/lab-reports", response={201: ReportEnvelope, **refusals(404, 409)})
@needs("laboratory-reports", "create")
@creates
def create_report(request: Call, body: ReportIn, response: HttpResponse) -> Status[ReportEnvelope]:
    """Say what was found in a specimen that was received; preliminary until it is released."""
    made = reports.create_report(by=request.caller, specimen_id=body.specimen_id, said=body.said(), now=clock.now())
    return created(response, f"/api/lab-reports/{made.id}", shown(made), made.version)


@router.get(ONE, response={200: ReportEnvelope, **refusals(404)})
@needs("laboratory-reports", "read")
def read_report(request: Call, report_id: UUID, response: HttpResponse) -> ReportEnvelope:
    """One report with its results."""
    found = queries.read_report(request.caller, report_id)
    etag(response, found.report.version)
    return ReportEnvelope(lab_report=ReportOut.of(found))


@router.put(ONE, response={200: ReportEnvelope, **refusals(404, 409, 412)})
@needs("laboratory-reports", "update")
def change_report(request: Call, report_id: UUID, body: ReportChanges, response: HttpResponse) -> ReportEnvelope:
    """Say everything of a preliminary report anew."""
    report = reports.change_report(
        by=request.caller, report_id=report_id, said=body.said(), if_match=if_match(request), now=clock.now()
    )
    etag(response, report.version)
    return shown(report)


@router.post(f"{ONE}/release", response={200: ReportEnvelope, **refusals(404, 409, 412)})
@needs("laboratory-reports", "release")
def release_report(request: Call, report_id: UUID, response: HttpResponse) -> ReportEnvelope:
    """Vouch for a report: its results come into the patient's chart, and the patient is told."""
    report = reports.release_report(by=request.caller, report_id=report_id, if_match=if_match(request), now=clock.now())
    etag(response, report.version)
    return shown(report)


@router.post(f"{ONE}/amend", response={200: ReportEnvelope, **refusals(404, 409, 412)})
@needs("laboratory-reports", "amend")
def amend_report(request: Call, report_id: UUID, body: AmendIn, response: HttpResponse) -> ReportEnvelope:
    """Say everything of a released report anew; what it replaces in the patient's chart is entered in error."""
    report = reports.amend_report(
        by=request.caller, report_id=report_id, said=body.said(), reason=body.reason, if_match=if_match(request),
        now=clock.now(),
    )  # fmt: skip
    etag(response, report.version)
    return shown(report)


@router.post(f"{ONE}/withdraw", response={200: ReportEnvelope, **refusals(404, 409, 412)})
@needs("laboratory-reports", "withdraw")
def withdraw_report(request: Call, report_id: UUID, body: WhyIn, response: HttpResponse) -> ReportEnvelope:
    """Take a report back; what it brought into the patient's chart is entered in error, and kept."""
    report = reports.withdraw_report(
        by=request.caller, report_id=report_id, reason=body.reason, if_match=if_match(request), now=clock.now()
    )
    etag(response, report.version)
    return shown(report)


def shown(report: LaboratoryReport) -> ReportEnvelope:
    [found] = queries.open_reports([report])
    return ReportEnvelope(lab_report=ReportOut.of(found))
