"""Who is who in an organization: patients, those who treat them, where, and who cares for whom.

It owns patients with their identifiers, providers, departments, laboratories, assignments and the claims of people who
registered. It does not own what is said about a patient's health (records). Words: patient, provider, department,
laboratory, assignment, claim, identifier (a number that an authority gave, unique with its system).
"""
