"""From a question and a bundle to the answer, byte for byte the same whenever it is asked (ML-03). Pure.

All that the answer depends on but the bundle is in the question, which is kept: so an old answer can be made again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from hashlib import sha256
from math import isnan
from typing import Any, Self

import orjson

from chiron.screening.blood.features import FEATURES, features_of
from chiron.screening.blood.indices import indices_of
from chiron.screening.blood.reading import Measured, read_count
from chiron.screening.model.bundles import Bundle, Shares
from chiron.screening.rules import Point, class_of, predictive, reasons_against, risk_class_of
from chiron.screening.texts import texts
from chiron.screening.words import BundleStanding, Mode, Outcome, Reason, ResultClass

TOP = 5
STAGES = ("low", "deficient")
"""What the stages of a bundle ask: is B12 low; if it is, is it deficient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A blood count as it was sent, and about whom; how the bundle stands and how common the deficiency is there."""

    cbc: Mapping[str, Measured]
    age: int
    sex: str
    pregnant: bool = False
    treated_with_b12: bool = False
    mode: Mode = Mode.RESEARCH
    state: str = "research-only"
    prevalence: float
    prevalence_source: str
    language: str = "en"

    def as_kept(self) -> dict[str, Any]:
        """JSON from which `kept` makes the same question."""
        cbc = {name: [str(each.value), each.unit] for name, each in self.cbc.items()}
        return asdict(self) | {"cbc": cbc, "mode": str(self.mode)}

    @classmethod
    def kept(cls, said: Mapping[str, Any]) -> Self:
        """The question that was kept."""
        cbc = {name: Measured(Decimal(value), unit) for name, (value, unit) in said["cbc"].items()}
        return cls(**{**said, "cbc": cbc, "mode": Mode(said["mode"])})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a bundle says to a question. `result` is the same as bytes of JSON; `features` are what it was asked."""

    content: dict[str, Any]
    features: tuple[float | None, ...]
    reasons: tuple[Reason, ...] = field(default=())

    @property
    def result(self) -> bytes:
        return orjson.dumps(self.content)

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.content["outcome"])


def answer(question: Question, bundle: Bundle) -> Answer:
    """What the bundle says, or the reasons for which it says nothing. Raises CountRefused."""
    count = read_count(question.cbc)
    row = features_of(count, question.age, question.sex)
    reasons = why_not(question, bundle, row)
    kept = tuple(None if isnan(each) else each for each in row)
    said = texts(question.language)
    head = {
        "outcome": Outcome.ABSTAINED if reasons else Outcome.CLASSIFIED,
        "mode": question.mode,
        "banner": banner_of(question, bundle, said),
        "notice": said["notice"],
    }
    if reasons:
        told = [{"code": each, "text": said[each], "features": about} for each, about in reasons.items()]
        found = {"reasons": told, "recommendation": said["abstained"]}
    else:
        found = {"reasons": [], **judged(question, bundle, row, said)}
    tail = {
        "indices": [asdict(each) for each in indices_of(count)],
        "model": {
            "id": f"{bundle.name}-{bundle.version}",
            "name": bundle.name,
            "version": bundle.version,
            "content_hash": bundle.content_hash,
            "state": question.state,
        },
        "input_hash": hash_of(question, kept),
    }
    return Answer({**head, **NOTHING, **found, **tail}, kept, tuple(reasons))


NOTHING: dict[str, Any] = dict.fromkeys(
    ("p_normal", "p_borderline", "p_deficient", "class", "risk_class", "base_rate", "thresholds", "prevalence",
     "ppv", "npv", "contributions")
)  # fmt: skip
"""What an abstention does not say; the order of the members of every answer."""


def banner_of(question: Question, bundle: Bundle, said: Mapping[str, str]) -> str | None:
    """What stands over an answer that is not for care, and why it is not; nothing over one that is."""
    if bundle.gate.get("made_up"):
        return said["banner-made-up"]
    if question.mode is not Mode.RESEARCH:
        return None
    return said["banner-active" if question.state == BundleStanding.ACTIVE else "banner"]


def why_not(question: Question, bundle: Bundle, row: Sequence[float]) -> dict[Reason, list[str]]:
    """The reasons for an abstention, and the features that each is about: not measured where the bundle cannot do
    without, or outside of what it was trained on.
    """
    reasons = reasons_against(question.age, question.sex, pregnant=question.pregnant, treated=question.treated_with_b12)
    found: dict[Reason, list[str]] = {reason: [] for reason in reasons}
    known = {"sex"} if Reason.SEX in found else set()
    known |= {"age"} if {Reason.TOO_YOUNG, Reason.TOO_OLD}.intersection(found) else set()
    values = dict(zip(FEATURES, row, strict=True))
    for name in bundle.outside(row):
        if name not in known:
            found.setdefault(Reason.MISSING if isnan(values[name]) else Reason.OUTSIDE, []).append(name)
    return found


def points_of(bundle: Bundle) -> dict[str, Point | None]:
    """The thresholds of a bundle, by stage."""
    return {name: Point.read(bundle.thresholds, name) for name in STAGES}


def classified(
    bundle: Bundle, row: Sequence[float], points: Mapping[str, Point | None]
) -> tuple[tuple[float, float, float], ResultClass | None]:
    """The probabilities of normal, borderline and deficient, and the class that these thresholds of it allow."""
    normal, borderline, deficient = bundle.probabilities([row])[0].tolist()
    return (normal, borderline, deficient), class_of(borderline, deficient, points["low"], points["deficient"])


def judged(question: Question, bundle: Bundle, row: Sequence[float], said: Mapping[str, str]) -> dict[str, Any]:
    """What the bundle says of a row that it may be asked about."""
    points = points_of(bundle)
    (normal, borderline, deficient), result_class = classified(bundle, row, points)
    base_rate = bundle.stages[0].base_rate * bundle.stages[1].base_rate
    worth = predictive(points["deficient"], question.prevalence)
    shares = bundle.contributions(row).stages
    return {
        "p_normal": normal,
        "p_borderline": borderline,
        "p_deficient": deficient,
        "class": result_class,
        "risk_class": risk_class_of(deficient, base_rate),
        "base_rate": base_rate,
        "thresholds": {name: point and asdict(point) for name, point in points.items()},
        "prevalence": {"share": question.prevalence, "source": question.prevalence_source},
        "ppv": worth.ppv,
        "npv": worth.npv,
        "contributions": [contributed(name, each, row) for name, each in zip(STAGES, shares, strict=True)],
        "recommendation": said[(result_class or "unclassified").lower()],
    }


def contributed(stage: str, shares: Shares, row: Sequence[float]) -> dict[str, Any]:
    """What each feature adds to a stage's score, in log-odds before calibration; the five that add most come first."""
    every = [
        {"feature": name, "value": None if isnan(value) else value, "adds": added}
        for name, value, added in zip(FEATURES, row, shares.values, strict=True)
    ]
    most = sorted(range(len(every)), key=lambda number: -abs(shares.values[number]))[:TOP]
    top = [every[number] for number in most]
    return {"stage": stage, "base": shares.base, "score": shares.score, "top": top, "all": every}


def hash_of(question: Question, features: Sequence[float | None]) -> str:
    """SHA-256 of what the answer was asked about, in canonical units: the same count in other units has the same."""
    about = [features, question.sex, question.pregnant, question.treated_with_b12]
    return sha256(orjson.dumps(about)).hexdigest()
