"""A believable clinic that does not exist: the same seed makes the same people, as FHIR bundles, byte for byte.

Names, histories and numbers are made up here; terminology codes are real, so that searches and statistics mean
something. Words: dice (the seeded source of all chance), visit (one encounter), course (what a condition brings along).
"""
