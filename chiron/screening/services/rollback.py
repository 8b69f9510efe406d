"""Taking the active bundle back: the one that was active before it answers again, by one call."""

from datetime import datetime

from chiron.kernel.access import Caller
from chiron.screening.errors import BundleMissing, IllegalState, NoWayBack
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import BundleChange, BundleState
from chiron.screening.services.bundles import Told, Words, read_bundle, stand, take_turn, told
from chiron.screening.shadows import answers
from chiron.screening.shelf import bundle_on_disk
from chiron.screening.standings import NEXT
from chiron.screening.words import BundleStanding

MAY_BE_TAKEN_BACK = (BundleStanding.ACTIVE, BundleStanding.SUSPENDED)
MAY_COME_BACK = (BundleStanding.VALIDATED, BundleStanding.SHADOW)


def roll_back(*, by: Caller, content_hash: str, words: Words, now: datetime) -> Told:
    """Let the bundle that was active before this one answer again, and suspend this one; told is who answers now.

    It goes one step back, so the same call twice does it once. The bundle that is taken back is the one that became
    active last; it may be suspended already, and its file need not be here any more.
    Raises NotFound, IllegalState, Invalid where the words are blank; NoWayBack where none was active before, or that
    one does not stand validated any more, is not what its hash says, or answers nothing.
    """
    by.scope("screening-models", "update")
    words.refuse_silence()
    take_turn()
    row = BundleState.objects.filter(bundle_hash=content_hash).first()
    state = BundleStanding(row.state) if row else read_bundle(by, content_hash).state
    active = BundleChange.objects.filter(state=BundleStanding.ACTIVE)
    activations = active.select_related("bundle").order_by("-id")
    last = activations.first()
    if row is None or last is None or last.bundle != row or state not in MAY_BE_TAKEN_BACK:
        raise IllegalState(state=str(state), allowed=[str(each) for each in NEXT[state]])
    before = activations.exclude(bundle=row).first()
    if before is None:
        raise NoWayBack(reason="none-before")
    bundle = _able(before.bundle)
    if state is BundleStanding.ACTIVE:
        stand(by, row, BundleStanding.SUSPENDED, words, now)
    stand(by, before.bundle, BundleStanding.ACTIVE, words, now)
    return told(bundle)


def _able(former: BundleState) -> Bundle:
    """The bundle that was active before, as its file says it now. Raises NoWayBack."""
    if former.state not in MAY_COME_BACK:
        raise NoWayBack(reason="not-validated", state=former.state)
    try:
        bundle = bundle_on_disk(former.bundle_hash)
    except BundleMissing:
        raise NoWayBack(reason="damaged") from None
    if not answers(bundle):
        raise NoWayBack(reason="fails")
    return bundle
