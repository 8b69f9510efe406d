"""Holding those who are screened against those whom a bundle was trained on, and suspending it where they differ."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from chiron.identity.public import Role, accounts_with, who_answers_for_privacy
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, take_turns
from chiron.notifications.public import Kind, notify
from chiron.screening.model.bundles import SCORES, Bundle
from chiron.screening.model.drift import ALARM, FEWEST, WARNING, Verdict, stability_of, verdict_of
from chiron.screening.models import Drift, Screening
from chiron.screening.services.bundles import suspend
from chiron.screening.shelf import bundles_there
from chiron.screening.standings import active_hashes
from chiron.screening.words import Reason
from chiron.tenancy.public import current_organization_id

WINDOW = timedelta(weeks=4)
"""A week of a small laboratory would seldom be enough to judge by."""

MOST = 50_000
"""The newest screenings that are looked at: more of them would not change an index that matters."""


def judge(now: datetime) -> list[Drift]:
    """Judge each bundle that was asked in the last four weeks, once a week. A second time changes nothing.

    At an alarm an active bundle is suspended; of that, and of a warning, the privacy officers and admins are told.
    """
    organization_id = current_organization_id()
    take_turns(CLINICAL, f"screening drift of {organization_id}")
    week = monday_of(now)
    judged = set(Drift.objects.filter(week=week).values_list("bundle_hash", flat=True))
    asked = Screening.objects.filter(made_at__gt=now - WINDOW, made_at__lte=now)
    hashes = set(asked.values_list("bundle_hash", flat=True).distinct()) - judged
    return [_judged(each, week, now) for each in bundles_there() if each.content_hash in hashes]


def monday_of(now: datetime) -> date:
    """The Monday of a week, in UTC."""
    return now.date() - timedelta(days=now.weekday())


def _judged(bundle: Bundle, week: date, now: datetime) -> Drift:
    columns = columns_of(bundle, now)
    rows = len(columns[bundle.features[0]])
    indices = stability_of(columns, bundle.reference) if rows >= FEWEST else {}
    verdict = verdict_of(rows, indices)
    drift = Drift.objects.create(
        bundle_hash=bundle.content_hash, week=week, rows=rows, verdict=verdict, indices=indices, at=now
    )
    if verdict in (Verdict.WARNING, Verdict.ALARM) and bundle.content_hash in active_hashes():
        _answer(drift, now)
    return drift


def columns_of(bundle: Bundle, now: datetime) -> dict[str, Any]:
    """What a bundle was asked in four weeks, column by column, and what it answered where it did so often enough.

    Those of whom it was not asked at all (pregnant, treated, too young) are no drift; those outside its box are, and
    those who lack what it needs. Of whom an erasure left nothing, nothing is known.
    """
    about = Screening.objects.filter(
        reasons__contained_by=[Reason.MISSING, Reason.OUTSIDE],
        bundle_hash=bundle.content_hash,
        features__len=len(bundle.features),
        made_at__gt=now - WINDOW,
        made_at__lte=now,
    )
    found = list(about.order_by("-made_at", "-id").values_list("features", *SCORES)[:MOST])
    features = np.array([row[0] for row in found], np.float64).reshape(-1, len(bundle.features))
    columns = dict(zip(bundle.features, features.T, strict=True))
    answered = np.array([row[1:] for row in found if row[1] is not None], np.float64).reshape(-1, len(SCORES))
    return columns | (dict(zip(SCORES, answered.T, strict=True)) if len(answered) >= FEWEST else {})


def _answer(drift: Drift, now: datetime) -> None:
    organization_id = current_organization_id()
    if drift.verdict == Verdict.ALARM:
        by = Caller(organization_id=organization_id, device="drift")
        suspend(by=by, content_hash=drift.bundle_hash, reason=reason_of(drift), now=now)
    told = [*who_answers_for_privacy(organization_id), *accounts_with(Role.ADMIN, organization_id)]
    notify(kind=Kind.MODEL_DRIFTED, to=told, resource="screening-drift", resource_id=drift.id, now=now)


def reason_of(drift: Drift) -> str:
    """Which columns went how far, the worst first."""
    far = sorted(((index, name) for name, index in drift.indices.items() if index >= WARNING), reverse=True)
    said = ", ".join(f"{name} {index:.2f}" for index, name in far)
    return f"Drift in the week of {drift.week}: {said}. Alarm at {ALARM}."
