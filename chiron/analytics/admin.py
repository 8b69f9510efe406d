"""The numbers in the administration: one metric as drawings and as a table, and as a file."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls.resolvers import URLPattern
from typing_extensions import override

from chiron.analytics.charts import charts, name_of, said
from chiron.analytics.errors import TooSlow
from chiron.analytics.exports import as_csv
from chiron.analytics.metrics import METRICS, Grouping
from chiron.analytics.models import Figure
from chiron.analytics.periods import Grain
from chiron.analytics.queries import Answer, Asked, export_metric, metrics_for, read_metric
from chiron.analytics.shapes import MetricQuery
from chiron.identity.public import prove_for_export
from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.cells import Table
from chiron.kernel.errors import Invalid
from chiron.kernel.forms import Dressed, shaped
from chiron.kernel.pages import Page, may

PLOTS, ROWS = 24, 500
"""How many drawings and rows a page shows; a file has all."""
PLACES = {"from": "since", "to": "until"}
"""What the form calls what the API calls otherwise."""


class SeekNumbers(Dressed):
    """Which metric, of which periods, by whom told apart."""

    metric = forms.ChoiceField(required=False)
    by = forms.ChoiceField(choices=[(each.value, each.value) for each in (Grain.MONTH, Grain.WEEK, Grain.DAY)],
                           required=False)  # fmt: skip
    group = forms.ChoiceField(choices=[(group.value, group.value) for group in Grouping], required=False)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput())
    until = forms.DateField(label="To", required=False, widget=forms.DateInput())

    def __init__(self, by: Caller, sent: Any) -> None:
        super().__init__(sent)
        opened = [(metric.name, metric.title) for metric in metrics_for(by)]
        self.fields["metric"].choices = opened  # type: ignore[attr-defined]
        self.usual = opened[0][0]

    def asked(self) -> tuple[str, Asked]:
        """The metric and the question. Raises Invalid."""
        sent = self.cleaned_data
        words = {"from": sent["since"], "to": sent["until"], "by": sent["by"] or None, "group": sent["group"] or None}
        query = shaped(MetricQuery, {name: value for name, value in words.items() if value})
        return sent["metric"] or self.usual, query.asked()

    def blame(self, refusal: Invalid) -> None:
        """Say why not, at the field at fault."""
        for each in refusal.errors:
            named = [PLACES.get(str(part), str(part)) for part in each["loc"]]
            self.add_error(next((name for name in named if name in self.fields), None), each["msg"])


@admin.register(Figure)
class NumbersPage(Page):
    """One metric: drawings, a table, and the same as a file."""

    resource, title, group, icon, place = "analytics", "Numbers", "Analytics", "monitoring", 60
    heads: ClassVar = ("Period", "Of", "Value", "From how many")

    @override
    def list_view(self, request: HttpRequest) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        by = self._caller(request, "read")
        seek = SeekNumbers(by, request.GET)
        context: dict[str, Any] = {"title": self.title, "seek": seek, "seeks_by": "get"}
        slow = 0
        try:
            if seek.is_valid():
                name, asked = seek.asked()
                context |= self._told(read_metric(by, name, asked, clock.now()))
                context["file_url"] = may(by, self.resource, "export") and self._file(request)
        except Invalid as refusal:
            seek.blame(refusal)
        except TooSlow as refusal:
            seek.add_error(None, str(refusal))
            slow = refusal.status
        return self._page(request, "numbers", context, status=slow or (422 if seek.errors else 200))

    def file_view(self, request: HttpRequest) -> HttpResponse:
        """The same as a file, which is an event. Raises StepUpRequired where the organization wants it for exports."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        by = self._caller(request, "export")
        prove_for_export(by, clock.now())
        seek = SeekNumbers(by, request.GET)
        if not seek.is_valid():
            return HttpResponse(status=422)
        name, asked = seek.asked()
        answer = export_metric(by, name, asked, clock.now())
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
        return HttpResponse(as_csv(answer, by), "text/csv; charset=utf-8", headers=headers)

    def _told(self, answer: Answer) -> dict[str, Any]:
        metric = METRICS[answer.metric.name]
        rows = [
            (name_of(cell.period, answer.asked.grain), cell.name or "all", said(cell.value, metric), cell.counted)
            for cell in answer.cells
        ]
        return {
            "answer": answer, "plots": charts(answer, PLOTS), "table": Table(self.heads, rows[-ROWS:]),
            "fewer": len(rows) > ROWS,
        }  # fmt: skip

    def _file(self, request: HttpRequest) -> str:
        return f"{self.address('file')}?{urlencode(request.GET.dict())}"

    @override
    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            self._path("", self.list_view, f"{name}_changelist"),
            self._path("file/", self.file_view, f"{name}_file"),
        ]
