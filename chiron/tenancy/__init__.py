"""Organizations, and the wall between them: a schema and a database role each, chosen per transaction.

It owns the organization's row (in accounts), its schema and role (in clinical), the switch into them, the grants and
the migrations over all schemas. It knows nothing of what the tables mean. Words: organization (= tenant), schema, role,
template (the schema on which Django migrates, and whose SQL is replayed), replay.
"""
