"""Where bundles stand with the organization, and which of them answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from chiron.screening.errors import NoModelAnswers
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import BundleState
from chiron.screening.shelf import bundle_for, reference_bundle
from chiron.screening.words import BundleStanding, Mode

NEXT: Mapping[BundleStanding, tuple[BundleStanding, ...]] = {
    BundleStanding.RESEARCH_ONLY: (BundleStanding.VALIDATED, BundleStanding.RETIRED),
    BundleStanding.VALIDATED: (
        BundleStanding.ACTIVE,
        BundleStanding.SHADOW,
        BundleStanding.RESEARCH_ONLY,
        BundleStanding.RETIRED,
    ),
    BundleStanding.SHADOW: (BundleStanding.ACTIVE, BundleStanding.VALIDATED, BundleStanding.RETIRED),
    BundleStanding.ACTIVE: (BundleStanding.VALIDATED, BundleStanding.SUSPENDED, BundleStanding.RETIRED),
    BundleStanding.SUSPENDED: (BundleStanding.ACTIVE, BundleStanding.VALIDATED, BundleStanding.RETIRED),
    BundleStanding.RETIRED: (BundleStanding.RESEARCH_ONLY,),
}
"""What may follow on each state."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A bundle, and where it stands here; of the active one, the hash of the bundle in its shadow."""

    bundle: Bundle
    state: BundleStanding
    shadow: str | None = None


def answering(mode: Mode) -> Standing | None:
    """The bundle that answers: the active one; in research mode, where none is, the one validated last, or else the
    newest that is shipped. None where nothing answers in clinical mode. Raises NoModelAnswers where that one is
    retired or suspended; BundleMissing.
    """
    wanted = [BundleStanding.ACTIVE] if mode is Mode.CLINICAL else [BundleStanding.ACTIVE, BundleStanding.VALIDATED]
    rows = list(BundleState.objects.filter(state__in=[*wanted, BundleStanding.SHADOW]).order_by("state", "-updated_at"))
    row = next((each for each in rows if each.state in wanted), None)
    if row is not None:
        shadows = (each.bundle_hash for each in rows if each.state == BundleStanding.SHADOW)
        shadow = next(shadows, None) if row.state == BundleStanding.ACTIVE else None
        return Standing(bundle_for(row.bundle_hash), BundleStanding(row.state), shadow)
    if mode is Mode.CLINICAL:
        return None
    shipped = reference_bundle()
    known = BundleState.objects.filter(bundle_hash=shipped.content_hash).values_list("state", flat=True).first()
    state = BundleStanding(known or BundleStanding.RESEARCH_ONLY)
    if state in (BundleStanding.RETIRED, BundleStanding.SUSPENDED):
        raise NoModelAnswers
    return Standing(shipped, state)


def active_hashes() -> list[str]:
    """What is active in the organization: at most one."""
    return list(BundleState.objects.filter(state=BundleStanding.ACTIVE).values_list("bundle_hash", flat=True))
