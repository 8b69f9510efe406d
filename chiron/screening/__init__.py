"""Screening for vitamin B12 deficiency from a blood count: honest about what a count can tell, which may be little.

It owns blood counts and their units, models and their states, what was answered and what became of it. A laboratory's
specimens and reports belong to `laboratory`, patients to `registry`, results to `records`. Its words: screening
(one question answered), abstention (an answer without a probability), bundle (a model with all that it is judged by).
"""
