"""What analytics says on the wire."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from chiron.analytics.metrics import Grouping, Metric
from chiron.analytics.periods import Grain
from chiron.analytics.queries import Answer, Asked
from chiron.analytics.tallies import THRESHOLD
from chiron.kernel.schemas import Day


class MetricOut(BaseModel):
    name: str
    title: str
    unit: str
    grain: Grain = Field(description="The shortest period it is told of.")
    groups: list[Grouping] = Field(description="By what it can be told apart.")
    owner: str
    version: int
    definition: str

    @classmethod
    def of(cls, metric: Metric) -> "MetricOut":
        return cls(groups=list(metric.groups), **{name: getattr(metric, name) for name in cls.model_fields
                                                  if name != "groups"})  # fmt: skip


class MetricsEnvelope(BaseModel):
    metrics: list[MetricOut]
    next: str | None = None


class MetricQuery(BaseModel):
    since: Day | None = Field(None, alias="from", description="A day of the first period.")
    until: Day | None = Field(None, alias="to", description="A day of the last period; only what is over is told.")
    by: Grain = Field(Grain.MONTH, description="Days, weeks from Monday or months, of the organization's clock.")
    group: Grouping = Grouping.NONE

    def asked(self) -> Asked:
        return Asked(self.since, self.until, self.by, self.group)


class CellOut(BaseModel):
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    id: str | None = Field(description="Of the doctor, department or laboratory; the type; null for what has none.")
    name: str
    value: float | None = Field(description="Null where it is masked.")
    counted: int | None = Field(description="From how many of what is counted it comes.")
    masked: bool


class AnalyticsOut(BaseModel):
    metric: MetricOut
    by: Grain
    group: Grouping
    first: date | None = Field(serialization_alias="from")
    last: date | None = Field(serialization_alias="to")
    time_zone: str
    as_of: datetime = Field(description="When it was counted.")
    threshold: int = Field(description="The least count that is told.")
    cells: list[CellOut]

    @classmethod
    def of(cls, answer: Answer) -> "AnalyticsOut":
        cells = [
            CellOut(
                first=cell.period.first, last=cell.period.last, id=None if cell.id is None else str(cell.id),
                name=cell.name, value=cell.value, counted=cell.counted, masked=cell.value is None,
            )
            for cell in answer.cells
        ]  # fmt: skip
        asked = answer.asked
        return cls(
            metric=MetricOut.of(answer.metric), by=asked.grain, group=asked.group, first=asked.first, last=asked.last,
            time_zone=answer.zone, as_of=answer.as_of, threshold=THRESHOLD, cells=cells,
        )  # fmt: skip


class AnalyticsEnvelope(BaseModel):
    analytics: AnalyticsOut
