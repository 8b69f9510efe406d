from django.db import migrations

TABLES = {"audit_event": "events", "audit_leaf": "leaves", "audit_head": "heads"}
MAKE = """
CREATE TRIGGER {words}_never_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER {words}_are_never_emptied BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
"""
TAKE_AWAY = """
DROP TRIGGER {words}_are_never_emptied ON {table};
DROP TRIGGER {words}_never_change ON {table};
"""


class Migration(migrations.Migration):
    """What is in a trail stays as it is: the database itself refuses every change, whoever asks."""

    dependencies = [("audit", "0001_events")]

    operations = [
        migrations.RunSQL(
            sql=MAKE.format(table=table, words=words), reverse_sql=TAKE_AWAY.format(table=table, words=words)
        )
        for table, words in TABLES.items()
    ]
