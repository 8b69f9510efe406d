"""Screening: what a blood count says, and does not say, about vitamin B12.

A *screening* is one answer to one blood count: a *class* with calibrated probabilities, or an *abstention* with its
reasons. A *bundle* is what answers: trees, calibration, thresholds and the box of what it was trained on, named by the
hash of its content. An organization decides in which *state* a bundle is with it; only an active one answers in
clinical mode. Whoever treats *accepts* or *overrides* what a screening says. It is screening, never a diagnosis.
"""
