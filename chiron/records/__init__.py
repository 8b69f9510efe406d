"""Clinical statements about patients: records, the versions they had, and the annotations of those who care.

A *record* is one statement (a note, an observation, a diagnosis, ...). Its codes, times and quantities are in clear for
search and statistics; its *text* (title, description) and the *content* (the original document, whole) are sealed with
the patient's key. Every change keeps the *version* before it; deleting means *entered in error*: kept, not listed.
An *annotation* is a remark on a record, seen by its author, the care team or the patient. An *attachment* is a file on
a record, whose bytes `files` keeps, sealed with the same patient's key. A *signature* vouches for what one version
says; a *label* narrows who sees a record to those with a *clearance*; a *reference range* flags results. Who the
patient is and who cares for them belongs to the registry; encounters are not here.
"""
