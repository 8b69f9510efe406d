"""Making and judging a model on a site's own patients: reading them, two stages of trees, evaluation, gate, report.

Nothing here runs while anybody is screened, and nothing but quantiles, trees and figures leaves it: no row.
Its words: stage (one yes-or-no question), cohort (rows that count), period (what a row's time falls into), gate (what a
model must show before it may be activated).
"""
