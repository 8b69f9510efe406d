"""The ground floor: refusals, problems on the wire, clock, ids, data classes of fields, database helpers, access.

It owns the vocabulary that every app shares and the shape of a request; it knows no business word and imports no app.
Words: refusal (an error the caller can understand), caller (who asks), scope (how far a permission reaches), alias
(the name of one of the three databases).
"""
