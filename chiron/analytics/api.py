"""`GET /analytics`: the metrics, what is told of each, and the same as a file."""

from typing import Any, Literal

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from ninja import Query, Router
from pydantic import Field

from chiron.analytics.exports import as_csv
from chiron.analytics.queries import export_metric, metrics_for, read_metric
from chiron.analytics.shapes import AnalyticsEnvelope, AnalyticsOut, MetricOut, MetricQuery, MetricsEnvelope
from chiron.kernel import clock
from chiron.kernel.access import Call, Proof, needs
from chiron.kernel.problems import refusals

router = Router(tags=["analytics"])
TYPE = "text/csv; charset=utf-8"
DOWNLOAD: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The numbers, as a download",
            "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


@router.get("/analytics", response={200: MetricsEnvelope})
@needs("analytics", "read")
def list_metrics(request: Call) -> MetricsEnvelope:
    """The metrics of which you may know something, with their definitions."""
    return MetricsEnvelope(metrics=[MetricOut.of(metric) for metric in metrics_for(request.caller)])


@router.get("/analytics/{metric}", response={200: AnalyticsEnvelope, **refusals(404)}, by_alias=True)
@needs("analytics", "read")
def read_analytics(request: Call, metric: str, query: Query[MetricQuery]) -> AnalyticsEnvelope:
    """What is told of a metric in whole periods that are over, of what you may read. Small counts are masked."""
    answer = read_metric(request.caller, metric, query.asked(), clock.now())
    return AnalyticsEnvelope(analytics=AnalyticsOut.of(answer))


class MetricExportQuery(MetricQuery):
    format: Literal["csv"] = Field("csv", description="A table.")


@router.get("/analytics/{metric}/export", response=refusals(404), openapi_extra=DOWNLOAD)
@needs("analytics", "export", proof=Proof.WANTED)
def export_analytics(request: Call, metric: str, query: Query[MetricExportQuery]) -> HttpResponse:
    """The same numbers, masked in the same way, as a file. Taking it out is an event.

    Where the organization decided so (`exports_step_up`), the second factor must have been shown just now.
    """
    answer = export_metric(request.caller, metric, query.asked(), clock.now())
    name = content_disposition_header(as_attachment=True, filename=f"{answer.metric.name}.csv")
    headers = {"Content-Disposition": name or "", "Cache-Control": "no-store"}
    return HttpResponse(as_csv(answer, request.caller), TYPE, headers=headers)
