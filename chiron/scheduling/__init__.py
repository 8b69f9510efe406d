"""Appointments: a provider's time, promised to one patient.

*Hours* are when a provider receives, by the clock on the wall of their *zone*: each week the same, but for *exceptions*
(leave, extra hours) and *holidays*. A *slot* is a beginning at which an appointment of some type can be booked, and
every slot that is offered can be. An *appointment* takes *reservations* of its provider, its patient and its room,
which no two can hold of one at once.
"""
