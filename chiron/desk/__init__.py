"""The page at which a clinic's front desk works all day: who comes when, booking, moving, and what has just happened.

Everything is done by the verbs and seen by the queries that the API uses, with the same caller; the desk owns no table
and no rule. Words: *act* (one step of an appointment, a button), *column* (a doctor's day), *told* (what has just been
done, said once).
"""
