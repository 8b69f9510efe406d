"""PostgreSQL for everybody: the embedded server, the three databases with their logins, and the connection backend.

It owns how a server is started and how connections log in; it owns no table. Words: home (the folder of one
installation), owner (the login that owns the tables; migrations only), runtime login (what requests use).
"""
