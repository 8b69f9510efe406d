"""Asking the bundle in the shadow of the active one, and keeping what it says apart."""

from math import nan

from chiron.kernel.db import CLINICAL
from chiron.postgres.at_commit import at_commit
from chiron.screening.answering import Question
from chiron.screening.models import Screening, ShadowAnswer
from chiron.screening.shadows import shade_of
from chiron.screening.shelf import bundle_if_whole


def keep_shadow(screening: Screening, question: Question, content_hash: str) -> None:
    """Keep what that bundle would have said to the question of a new screening; that it failed where it did.

    The screening waits for nothing of it: the row travels with the commit, and whatever is wrong with the bundle, this
    raises nothing.
    """
    row = [nan if each is None else each for each in screening.features]
    shade = shade_of(question, row, bundle_if_whole(content_hash))
    normal, borderline, deficient = shade.probabilities
    answer = ShadowAnswer(
        screening=screening, bundle_hash=content_hash, made_at=screening.made_at, outcome=shade.outcome,
        result_class=shade.result_class or "", p_normal=normal, p_borderline=borderline, p_deficient=deficient,
        reasons=list(shade.reasons),
    )  # fmt: skip
    at_commit(answer, using=CLINICAL)
