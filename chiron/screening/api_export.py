"""Screenings as a file, over HTTP."""

from typing import Any

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from ninja import Query, Router
from pydantic import Field

from chiron.kernel import clock
from chiron.kernel.access import Call, Proof, needs
from chiron.kernel.problems import refusals
from chiron.screening.services.exporting import export_screenings
from chiron.screening.shapes_history import SoughtQuery
from chiron.screening.sheets import FORMS, Name

router = Router(tags=["screening"])

BYTES = {"schema": {"type": "string", "format": "binary"}}
DOWNLOAD: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The screenings, as a download",
            "content": {form.content_type.partition(";")[0]: BYTES for form in FORMS.values()},
        }
    }
}


class ScreeningExportQuery(SoughtQuery):
    format: Name = Field("csv", description="A table as text or as an Excel workbook, or lines of JSON.")


@router.get("/screening/export", response=refusals(409), openapi_extra=DOWNLOAD)
@needs("screenings", "export", proof=Proof.WANTED)
def export(request: Call, query: Query[ScreeningExportQuery]) -> StreamingHttpResponse:
    """All screenings that were asked for, the latest first, as a file that says who took it out. It is an event.

    Where the organization decided so (`exports_step_up`), the second factor must have been shown just now.
    """
    made = export_screenings(by=request.caller, sought=query.sought(), name=query.format, now=clock.now())
    name = content_disposition_header(as_attachment=True, filename=f"screenings.{made.form.ending}")
    headers = {"Content-Disposition": name, "Content-Type": made.form.content_type, "Cache-Control": "no-store"}
    return StreamingHttpResponse(made.pieces, headers=headers)
