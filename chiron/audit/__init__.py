"""The audit trail: what was done, by whom, to whom, and the proof that nobody changed it since.

Owns the events, the tree they are sealed into, the sealer, and the verification. Each organization has a trail in its
own schema; the platform has one in `accounts` for sign-ins, memberships and organizations. It does not decide who may
do what, and it knows nobody but the caller of a request.

Words: an *event* is one line of a trail; it is *authenticated* when it is written and *sealed* shortly after, when it
gets its place (`seq`, from 0) as a *leaf* of the tree. A *head* is the signed root over all leaves so far; a *copy* of
every head is kept outside the database. A *finding* is what verification has against a trail.
"""
