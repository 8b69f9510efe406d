"""What is turned back does not forget what was sent, answered and taken back since."""

import ast
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db.backends.utils import CursorWrapper

from chiron.jobs.registry import all_jobs
from chiron.kernel.db import CLINICAL, atomic, roll_back
from chiron.kernel.ids import new_id
from chiron.operations.backup.settling import settle
from chiron.operations.backup.turning_back import ASKED_IN_ACCOUNTS
from chiron.postgres.owner import as_owner
from tests.architecture.source import ROOT, sources

TABLES = (
    "notifications_delivery", "notifications_counter", "notifications_preference", "scheduling_reminder",
    "scheduling_feed", "screening_optout", "registry_patient", "files_file",
)  # fmt: skip
WANTED = (
    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attnotnull AND attname <> 'id'"
)
SOON = "2031-01-02 10:00+00"


@pytest.fixture
def owner(django_db_setup: None, django_db_blocker: Any) -> Iterator[CursorWrapper]:
    """An owner's transaction with two schemas that have these tables alone, which want nothing and refer to nothing."""
    with django_db_blocker.unblock(), as_owner(CLINICAL) as connection, atomic(CLINICAL):
        with connection.cursor() as cursor:
            for schema in ("today", "former"):
                cursor.execute(f"CREATE SCHEMA {schema}")
                for name in TABLES:
                    cursor.execute(f"CREATE TABLE {schema}.{name} (LIKE template.{name} INCLUDING INDEXES)")
                    cursor.execute(WANTED, [f"{schema}.{name}"])
                    for (column,) in cursor.fetchall():
                        cursor.execute(f'ALTER TABLE {schema}.{name} ALTER "{column}" DROP NOT NULL')
            yield cursor
        roll_back(CLINICAL)


def put(owner: CursorWrapper, table: str, **row: Any) -> UUID:
    """A row with what matters here; its id."""
    row = {"id": new_id()} | row
    columns = ", ".join(f'"{each}"' for each in row)
    owner.execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values()))
    return UUID(str(row["id"]))


def asked(owner: CursorWrapper, query: str) -> list[Any]:
    owner.execute(query)
    return [tuple(row) for row in owner.fetchall()]


def test_old_mail_and_reminders_that_went_do_not_go_again(owner: CursorWrapper) -> None:
    put(owner, "today.notifications_delivery", state="waiting")
    put(owner, "today.notifications_delivery", state="sent")
    about = {"patient_id": new_id(), "starts_at": SOON, "minutes_before": 60, "channel": "email"}
    gone, moved, to_come = (about | {"appointment_id": new_id()} for _ in range(3))
    for each in (gone, moved, to_come):
        put(owner, "today.scheduling_reminder", **each, state="waiting")
    put(owner, "former.scheduling_reminder", **gone, state="told", settled_at=SOON)
    put(owner, "former.scheduling_reminder", **moved, state="withdrawn", settled_at=SOON)
    put(owner, "former.scheduling_reminder", **to_come, state="waiting")

    settle(owner, "today", "former")

    mails = "SELECT state, reason FROM today.notifications_delivery ORDER BY state"
    assert asked(owner, mails) == [("expired", "restored"), ("sent", None)]
    reminders = dict(asked(owner, "SELECT appointment_id, state FROM today.scheduling_reminder"))
    assert [reminders[each["appointment_id"]] for each in (gone, moved, to_come)] == ["told", "waiting", "waiting"]


def test_who_said_no_since_has_said_it_and_numbers_go_on(owner: CursorWrapper) -> None:
    known, unknown, account = put(owner, "today.registry_patient"), new_id(), new_id()
    for patient_id in (known, unknown):
        put(owner, "former.screening_optout", patient_id=patient_id)
    about = {"account_id": account, "channel": "email"}
    put(owner, "today.notifications_preference", **about, kind="reminder", on=True)
    put(owner, "former.notifications_preference", **about, kind="reminder", on=False)
    put(owner, "former.notifications_preference", **about, kind="record.shared", on=False)
    put(owner, "former.notifications_preference", **about, kind="security", on=True)
    put(owner, "former.notifications_counter", id=put(owner, "today.notifications_counter", last=3), last=7)
    taken_back, renewed = put(owner, "today.scheduling_feed", digest=b"old"), b"new"
    put(owner, "former.scheduling_feed", digest=renewed)

    settle(owner, "today", "former")

    assert asked(owner, "SELECT patient_id FROM today.screening_optout") == [(known,)]
    preferences = asked(owner, 'SELECT kind, "on" FROM today.notifications_preference ORDER BY kind')
    assert preferences == [("record.shared", False), ("reminder", False)]
    assert asked(owner, "SELECT last FROM today.notifications_counter") == [(7,)]
    feeds = [(id, bytes(digest)) for id, digest in asked(owner, "SELECT id, digest FROM today.scheduling_feed")]
    assert [digest for _, digest in feeds] == [renewed]
    assert taken_back not in dict(feeds)


def test_jobs_that_accounts_asked_for_are_known_by_name() -> None:
    asked = {
        ast.unparse(call.args[0]).split(".")[-1]
        for source in sources(ROOT)
        if source.app and not source.is_test
        for call in ast.walk(source.tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] == "enqueue_from_accounts"
        if any(each.arg == "organization_id" for each in call.keywords)
    }

    assert {name.split(".")[-1] for name in ASKED_IN_ACCOUNTS} == asked
    assert set(ASKED_IN_ACCOUNTS) <= set(all_jobs())
