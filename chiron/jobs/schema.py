"""The queue in clinical's ``public`` schema: procrastinate's tables, and the one function by which they are filled."""

from importlib.resources import files

from django.db.backends.utils import CursorWrapper
from procrastinate.schema import SchemaManager

from chiron.kernel.db import CLINICAL, atomic, take_turns
from chiron.postgres.owner import as_owner
from chiron.tenancy.public import login_of

KNOWN = "CREATE TABLE IF NOT EXISTS public.queue_migration (name text CONSTRAINT queue_migrated_once PRIMARY KEY)"
ENQUEUE = """
CREATE OR REPLACE FUNCTION public.enqueue(effect uuid, job text, arguments jsonb, due timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    organization text := substring(current_setting('role') from '_t_([0-9a-f]{32})$');
BEGIN
    IF organization IS NULL THEN
        RAISE EXCEPTION 'a job is enqueued inside an organization' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN (procrastinate_defer_jobs_v1(ARRAY[ROW(
        'default', job, 0, NULL, NULL,
        jsonb_build_object('effect', effect, 'organization', organization::uuid, 'arguments', arguments), due
    )]::procrastinate_job_to_defer_v1[]))[1];
END $$
"""
"""Organizations say what and when; who they are, the server knows better than they: from their role."""


def migrate_queue() -> None:
    """Bring the queue to the version of the installed procrastinate, with exactly the rights it needs."""
    with as_owner(CLINICAL) as connection, atomic(CLINICAL):
        take_turns(CLINICAL, "migrations of the queue")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL search_path TO public")
            _migrate(cursor)
            cursor.execute(ENQUEUE)
            _grant(cursor, login_of(CLINICAL))


def _migrate(cursor: CursorWrapper) -> None:
    cursor.execute(KNOWN)
    cursor.execute("SELECT name FROM public.queue_migration")
    known = {name for (name,) in cursor.fetchall()}
    folder = files("procrastinate.sql") / "migrations"
    steps = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda each: each.name)
    if not known:
        cursor.execute(SchemaManager.get_schema())
    for step in steps:
        if step.name not in known:
            if known:
                cursor.execute(step.read_text())
            cursor.execute("INSERT INTO public.queue_migration (name) VALUES (%s)", [step.name])


def _grant(cursor: CursorWrapper, login: str) -> None:
    cursor.execute(
        f"""
        REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION public.enqueue(uuid, text, jsonb, timestamptz) TO PUBLIC;
        GRANT USAGE ON SCHEMA public TO {login};
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {login};
        GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs, procrastinate_events, procrastinate_workers,
            procrastinate_periodic_defers TO {login};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {login}
        """
    )
