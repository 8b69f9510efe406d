"""Letting a bundle answer, or no longer: a named person says so, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.conf import settings

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, take_turns
from chiron.kernel.errors import Invalid, NotFound, StaleVersion
from chiron.screening.errors import BundleMissing, GateNotPassed, IllegalState, MadeUpPatients
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import BundleChange, BundleState
from chiron.screening.shelf import bundle_for, bundles_there
from chiron.screening.standings import NEXT
from chiron.screening.words import BundleStanding
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import organization_safe

SERIOUS = (BundleStanding.VALIDATED, BundleStanding.SHADOW, BundleStanding.ACTIVE)
"""Where a bundle stands whose gate is relied on."""


@dataclass(frozen=True, slots=True)
class Words:
    """Who answers for a change of a bundle's state, by name, and why it was made."""

    person: str
    reason: str

    def refuse_silence(self) -> None:
        """Raises Invalid where nobody is named, or no reason."""
        said = {"person": self.person, "reason": self.reason}
        if silent := [name for name, words in said.items() if not words.strip()]:
            raise Invalid(errors=[{"loc": ["body", name], "msg": "is required"} for name in silent])


@dataclass(frozen=True, slots=True)
class Told:
    """A bundle, where it stands, and how it came to: the newest change first. Of one never changed, version 0."""

    bundle: Bundle
    state: BundleStanding
    version: int
    history: list[tuple[BundleChange, Words]]


def list_bundles(by: Caller) -> list[Told]:
    """Every bundle that lies here, with where it stands."""
    by.scope("screening-models", "read")
    return [told(bundle) for bundle in bundles_there()]


def read_bundle(by: Caller, content_hash: str) -> Told:
    """One bundle. Raises NotFound."""
    by.scope("screening-models", "read")
    return told(_bundle(content_hash))


def change_state(
    *,
    by: Caller,
    content_hash: str,
    state: BundleStanding,
    words: Words,
    if_match: int | None = None,
    now: datetime,
) -> Told:
    """Let a bundle stand elsewhere. One that becomes active takes the place of the one that was, which stays validated,
    and so does one that runs in the shadow.

    To be validated it must have passed the gate, on patients it had never seen (`b12 validate`); in production they
    were not made up.
    Raises NotFound, StaleVersion, IllegalState, GateNotPassed, MadeUpPatients, and Invalid where the words are blank.
    """
    by.scope("screening-models", "update")
    words.refuse_silence()
    bundle = _bundle(content_hash)
    take_turn()
    row = _row(content_hash, now)
    if if_match is not None and row.version != if_match:
        raise StaleVersion
    allowed = NEXT[BundleStanding(row.state)]
    if state not in allowed:
        raise IllegalState(state=row.state, allowed=[str(each) for each in allowed])
    if state is BundleStanding.VALIDATED and not bundle.gate.get("passed"):
        raise GateNotPassed(reasons=list(bundle.gate.get("reasons", [])))
    if state in SERIOUS:
        refuse_made_up(bundle)
    if state in (BundleStanding.ACTIVE, BundleStanding.SHADOW):
        for other in BundleState.objects.filter(state=state):
            stand(by, other, BundleStanding.VALIDATED, words, now)
    stand(by, row, state, words, now)
    return told(bundle)


def refuse_made_up(bundle: Bundle) -> None:
    """Refuse a bundle that knows made-up patients only, which elsewhere may be tried. Raises MadeUpPatients."""
    if settings.ENVIRONMENT == "production" and bundle.gate.get("made_up"):
        raise MadeUpPatients


def take_turn() -> None:
    """Whoever changes where the organization's bundles stand waits here for whoever else does."""
    take_turns(CLINICAL, f"screening models of {current_organization_id()}")


def suspend(*, by: Caller, content_hash: str, reason: str, now: datetime) -> bool:
    """Chiron itself lets an active bundle answer no more (drift). Whether it was active until now."""
    take_turn()
    row = BundleState.objects.filter(bundle_hash=content_hash, state=BundleStanding.ACTIVE).first()
    if row is None:
        return False
    stand(by, row, BundleStanding.SUSPENDED, Words("Chiron", reason), now)
    return True


def stand(by: Caller, row: BundleState, state: BundleStanding, words: Words, now: datetime) -> None:
    """Keep that a bundle stands there from now on, who answers for it and why. Callers ask before whether it may."""
    before, row.state = row.state, state
    row.version, row.updated_at = row.version + 1, now
    row.save()
    change = BundleChange(bundle=row, version=row.version, state=state, account_id=by.account_id, at=now)
    safe = organization_safe(current_organization_id())
    change.words = safe.seal(change, "words", {"person": words.person, "reason": words.reason})
    change.save(force_insert=True)
    audit.record(
        by, "screening_model.changed", resource="screening-models", resource_id=row.id,
        payload={"bundle": row.bundle_hash, "before": str(before), "state": str(state)},
    )  # fmt: skip


def _row(content_hash: str, now: datetime) -> BundleState:
    row = BundleState.objects.filter(bundle_hash=content_hash).first()
    return row or BundleState(
        bundle_hash=content_hash, state=BundleStanding.RESEARCH_ONLY, version=0, recorded_at=now, updated_at=now
    )


def _bundle(content_hash: str) -> Bundle:
    try:
        return bundle_for(content_hash)
    except BundleMissing:
        raise NotFound from None


def told(bundle: Bundle) -> Told:
    """The bundle with where it stands, and how it came to."""
    row = BundleState.objects.filter(bundle_hash=bundle.content_hash).first()
    if row is None:
        return Told(bundle, BundleStanding.RESEARCH_ONLY, 0, [])
    safe = organization_safe(current_organization_id())
    changes = BundleChange.objects.filter(bundle=row).order_by("-version")
    history = [(each, Words(**cast("dict[str, str]", safe.open(each, "words")))) for each in changes]
    return Told(bundle, BundleStanding(row.state), row.version, history)
