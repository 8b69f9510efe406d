"""Series of appointments over HTTP."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.versions import created
from chiron.scheduling import shapes_series as shapes
from chiron.scheduling.services.series import book_series, cancel_series

router = Router(tags=["appointments"])


@router.post("/appointments/series", response={200: shapes.SeriesOut, 201: shapes.SeriesOut, **refusals(404, 409)})
@needs("appointments", "create")
@creates
def book_a_series(request: Call, response: HttpResponse, body: shapes.SeriesIn) -> Status[shapes.SeriesOut]:
    """Book the same time of the week again and again (201), or ask what would become of it (200)."""
    dates = book_series(
        by=request.caller, provider_id=body.doctor_id, patient_id=body.patient_id, days=body.days(),
        clock=body.start_time, utc_offset=body.offset(), type_id=body.type, room_id=body.room_id, reason=body.reason,
        conflict=body.conflict, now=clock.now(),
    )  # fmt: skip
    series_id = next((each.appointment.series_id for each in dates if each.appointment), None)
    shown = shapes.SeriesOut.of(series_id, dates)
    return created(response, f"/api/appointments?series={series_id}", shown) if series_id else Status(200, shown)


@router.post(
    "/appointments/series/{uuid:series_id}/cancel", response={200: shapes.SeriesOut, **refusals(404, 409, 410, 412)}
)
@needs("appointments", "cancel")
def cancel_a_series(request: Call, series_id: UUID, body: shapes.CancelSeriesIn) -> shapes.SeriesOut:
    """Cancel what is to come of a series, from a day on; dates that can be cancelled no more are told and stand."""
    dates = cancel_series(by=request.caller, series_id=series_id, since=body.from_, reason=body.reason, now=clock.now())
    return shapes.SeriesOut.of(series_id, dates)
