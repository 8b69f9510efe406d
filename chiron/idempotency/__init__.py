"""Answers kept for a repetition: the same ``Idempotency-Key`` and body give the first answer again and do nothing.

It owns the stored answers, in the database and transaction of the effect they stand for. Words: key (what the client
sent), route (method and template of the path), answer (status, body and headers, sealed).
"""
