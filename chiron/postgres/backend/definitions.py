"""How tables are defined: foreign keys are checked at once, never at the end.

A sharded server refuses deferrable ones, and a violation that waits for the commit is found far from its cause.
"""

from django.db.backends.postgresql import features, operations, schema


class Features(features.DatabaseFeatures):
    """PostgreSQL's, without deferred checks."""

    can_defer_constraint_checks = False


class Operations(operations.DatabaseOperations):
    """PostgreSQL's, with foreign keys that are not deferrable."""

    def deferrable_sql(self) -> str:
        return ""


class SchemaEditor(schema.DatabaseSchemaEditor):
    """PostgreSQL's, without statements that hurry deferred checks along."""

    sql_create_column_inline_fk = "CONSTRAINT %(name)s REFERENCES %(to_table)s(%(to_column)s)%(deferrable)s"
    sql_delete_fk = "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s"
