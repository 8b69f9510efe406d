"""What laboratories examine, and what they find: specimens and laboratory reports.

A *specimen* is a sample of one patient at one laboratory, under a number of that laboratory. A *report* says what was
found in one specimen, in *results*: one analyte, one value. Released, each of its results becomes a record in the
patient's chart; before that, only the laboratory and those who care for the patient see it. Who works at which
laboratory belongs to the registry, what a patient's chart says to records.
"""
