"""What must hold of transactions that open and close with company."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    connections,
)
from django.db.transaction import TransactionManagementError
from psycopg import sql

from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, atomic, cursor, on_commit, roll_back
from chiron.postgres.at_commit import at_commit, insert
from chiron.registry.models import Department, Laboratory
from chiron.tenancy.public import Organization, inside, role_of, schema_of
from tests.server import end_connections, messages


@pytest.fixture
def org(fresh_organization: Organization) -> Any:
    """The id of an organization where everything commits."""
    return fresh_organization.id


def lab(code: str) -> Laboratory:
    return Laboratory(name=f"Lab {code}", code=code)


def labs(org: Any) -> set[str]:
    with inside(org):
        return set(Laboratory.objects.values_list("code", flat=True))


def one(statement: str, *params: Any) -> Any:
    with cursor(CLINICAL) as asked:
        asked.execute(statement, params or None)
        return asked.fetchone()[0]


def test_a_read_and_a_queued_row_take_two_messages(org: Any) -> None:
    with messages() as sent, inside(org):
        assert Laboratory.objects.count() == 0
        at_commit(lab("a"), using=CLINICAL)

    assert len(sent) == 2
    assert sent[0].startswith("BEGIN;SELECT set_config('role'")
    assert sent[1].endswith(";COMMIT")
    assert labs(org) == {"a"}


def test_queued_rows_alone_take_one_message(org: Any) -> None:
    with messages() as sent, inside(org):
        at_commit(lab("a"), using=CLINICAL)
        at_commit(lab("b"), using=CLINICAL)

    assert len(sent) == 1
    assert labs(org) == {"a", "b"}


def test_a_transaction_without_a_statement_sends_nothing(org: Any) -> None:
    with messages() as sent, inside(org):
        pass

    assert sent == []


def test_the_first_statement_has_its_own_result(org: Any) -> None:
    with inside(org):
        assert one("SELECT 7") == 7
    with inside(org), cursor(CLINICAL) as asked:
        asked.execute("SELECT generate_series(1, 3)")
        assert (asked.rowcount, asked.fetchall()) == (3, [(1,), (2,), (3,)])


def test_a_first_statement_that_changes_rows_counts_them(org: Any) -> None:
    with inside(org):
        Laboratory.objects.bulk_create([lab("a"), lab("b")])
    with inside(org):
        assert Laboratory.objects.update(name="Both") == 2


def test_values_are_values_whatever_they_hold(org: Any) -> None:
    hostile = "'; DROP TABLE registry_laboratory; -- %s %% \\ \" ;COMMIT;"
    with inside(org):
        assert one("SELECT %s", hostile) == hostile
    with inside(org):
        at_commit(Laboratory(name=hostile, code="a"), using=CLINICAL)

    with inside(org):
        assert Laboratory.objects.get().name == hostile


def test_a_value_that_cannot_be_stored_is_a_data_error_in_the_first_statement_too(org: Any) -> None:
    def after(*values: str) -> None:
        with inside(org):
            for value in values:
                one("SELECT %s", value)

    for earlier in ((), ("1",)):
        with pytest.raises(DataError):
            after(*earlier, "\0")

    assert labs(org) == set()


def test_a_percent_sign_without_values_stays_one(org: Any) -> None:
    with inside(org):
        assert one("SELECT '%'") == "%"


def test_many_at_once_and_composed_statements_may_come_first(org: Any) -> None:
    insert = "INSERT INTO registry_laboratory (id, version, recorded_at, updated_at, name, code, active)"
    rows = [(f"00000000-0000-7000-8000-00000000000{n}", now(), now(), f"c{n}") for n in range(3)]
    with inside(org), cursor(CLINICAL) as asked:
        asked.executemany(f"{insert} VALUES (%s, 1, %s, %s, 'x', %s, true)", rows)
    with inside(org), cursor(CLINICAL) as asked:
        asked.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("registry_laboratory")))
        assert asked.fetchone() == (3,)


def test_a_long_list_is_read_piece_by_piece(org: Any) -> None:
    with inside(org):
        Laboratory.objects.bulk_create([lab(str(number)) for number in range(25)])
    with inside(org):
        assert len(list(Laboratory.objects.iterator(chunk_size=10))) == 25


def test_an_error_rolls_back_what_was_written_and_what_was_queued(org: Any) -> None:
    with suppress(InterruptedError), inside(org):
        lab("a").save(force_insert=True)
        at_commit(lab("b"), using=CLINICAL)
        raise InterruptedError

    assert labs(org) == set()


def test_an_error_before_the_first_statement_sends_nothing(org: Any) -> None:
    with messages() as sent, suppress(InterruptedError), inside(org):
        at_commit(lab("a"), using=CLINICAL)
        raise InterruptedError

    assert sent == []
    assert labs(org) == set()


def test_a_first_statement_that_fails_leaves_a_working_connection(org: Any) -> None:
    with pytest.raises(ProgrammingError), inside(org), cursor(CLINICAL) as asked:
        asked.execute("SELECT nothing FROM nowhere")

    assert labs(org) == set()


def test_after_a_failed_statement_nothing_more_is_done(org: Any) -> None:
    def go_on() -> None:
        with inside(org):
            lab("a").save(force_insert=True)
            with suppress(ProgrammingError), cursor(CLINICAL) as asked:
                asked.execute("SELECT nothing FROM nowhere")
            lab("b").save(force_insert=True)

    with pytest.raises(DatabaseError):
        go_on()

    assert labs(org) == set()


def test_a_failed_statement_that_was_passed_over_fails_the_commit(org: Any) -> None:
    """PostgreSQL would answer COMMIT with a rollback and no error."""
    told: list[str] = []

    def go_on() -> None:
        with inside(org):
            lab("a").save(force_insert=True)
            on_commit(CLINICAL, lambda: told.append("committed"))
            with suppress(ProgrammingError), cursor(CLINICAL) as asked:
                asked.execute("SELECT nothing FROM nowhere")

    with pytest.raises(InternalError, match="cannot be committed"):
        go_on()

    assert (labs(org), told) == (set(), [])


def test_a_queued_row_that_is_refused_fails_the_whole_transaction_at_its_end(org: Any) -> None:
    with inside(org):
        lab("a").save(force_insert=True)

    def write() -> None:
        with inside(org):
            lab("b").save(force_insert=True)
            at_commit(lab("a"), using=CLINICAL)

    with pytest.raises(IntegrityError, match="laboratory_code_is_its_own"):
        write()

    assert labs(org) == {"a"}


def test_what_failed_to_be_committed_is_not_in_the_next_transaction(org: Any) -> None:
    with inside(org):
        lab("a").save(force_insert=True)
    with suppress(IntegrityError), inside(org):
        at_commit(lab("c"), using=CLINICAL)
        at_commit(lab("a"), using=CLINICAL)

    with inside(org):
        lab("d").save(force_insert=True)

    assert labs(org) == {"a", "d"}


def test_what_waits_for_the_commit_runs_after_it_and_only_then(org: Any) -> None:
    told: list[str] = []
    with inside(org):
        at_commit(lab("a"), using=CLINICAL)
        on_commit(CLINICAL, lambda: told.append("committed"))
        assert told == []
    with suppress(IntegrityError), inside(org):
        at_commit(lab("a"), using=CLINICAL)
        on_commit(CLINICAL, lambda: told.append("refused"))
    with suppress(InterruptedError), inside(org):
        on_commit(CLINICAL, lambda: told.append("rolled back"))
        raise InterruptedError

    assert told == ["committed"]


def test_an_inner_block_rolls_back_alone(org: Any) -> None:
    with inside(org):
        at_commit(lab("before"), using=CLINICAL)
        with suppress(InterruptedError), atomic(CLINICAL):
            at_commit(lab("within"), using=CLINICAL)
            lab("within too").save(force_insert=True)
            raise InterruptedError
        at_commit(lab("after"), using=CLINICAL)

    assert labs(org) == {"before", "after"}


def test_an_inner_block_may_be_the_first_to_say_anything(org: Any) -> None:
    with inside(org), atomic(CLINICAL):
        lab("a").save(force_insert=True)

    assert labs(org) == {"a"}


def test_in_an_inner_block_a_queued_row_is_written_at_once(org: Any) -> None:
    with inside(org), atomic(CLINICAL):
        at_commit(lab("a"), using=CLINICAL)
        assert Laboratory.objects.count() == 1


def test_a_queued_row_is_read_by_nobody_before_the_commit(org: Any) -> None:
    with inside(org):
        at_commit(lab("a"), using=CLINICAL)
        assert Laboratory.objects.count() == 0


def test_autocommit_cannot_be_switched_off(org: Any) -> None:
    with pytest.raises(NotSupportedError, match="atomic"):
        connections[CLINICAL].set_autocommit(False)


def test_another_organizations_tables_are_denied_in_the_first_message(org: Any, town_id: Any) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), inside(org):
        one(f"SELECT count(*) FROM {schema_of(town_id)}.registry_patient")


@pytest.fixture
def town_id(django_db_setup: None) -> Any:
    """Another organization."""
    from tests.town import the_town

    return the_town().hilltop.id


def test_instants_come_back_aware_and_in_utc(org: Any) -> None:
    moment = now()
    with inside(org):
        found = one("SELECT %s::timestamptz", moment)

    assert found == moment
    assert found.utcoffset().total_seconds() == 0


def test_a_connection_that_died_while_idle_is_replaced_unnoticed(org: Any) -> None:
    assert labs(org) == set()
    end_connections(CLINICAL)

    with inside(org):
        lab("a").save(force_insert=True)
        assert one("SELECT current_user") == role_of(org)

    assert labs(org) == {"a"}


def test_a_read_outside_of_any_transaction_does_not_notice_either(org: Any) -> None:
    """It asks once more whether the connection lives, and sends nothing twice: a SELECT may change something."""
    assert one("SELECT 1") == 1
    end_connections(CLINICAL)

    with messages() as sent:
        assert one("SELECT 7") == 7

    assert sent == ["SELECT 1", "SELECT 7"]


def test_a_dead_connection_is_dropped_after_a_request_though_the_server_is_away(
    org: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert one("SELECT 1") == 1
    end_connections(CLINICAL)
    connection = connections[CLINICAL]
    monkeypatch.setattr(connection, "get_new_connection", unreachable)
    with pytest.raises(OperationalError):
        one("SELECT 1")

    connection.close_if_unusable_or_obsolete()

    assert connection.connection is None


def unreachable(_: Any) -> Any:
    raise psycopg.OperationalError


def test_a_connection_that_lives_is_not_asked(org: Any) -> None:
    assert one("SELECT 1") == 1

    with messages() as sent:
        assert one("SELECT 7") == 7

    assert sent == ["SELECT 7"]


def test_what_dies_with_its_connection_outside_of_any_transaction_is_not_sent_again(org: Any) -> None:
    """Whether the server had done it nobody knows."""
    assert one("SELECT 1") == 1

    with messages() as sent, pytest.raises(DatabaseError):
        one("SELECT pg_terminate_backend(pg_backend_pid())")

    assert len(sent) == 1
    assert one("SELECT 1") == 1


def test_a_connection_that_dies_within_a_transaction_fails_it(org: Any) -> None:
    def write() -> None:
        with inside(org):
            lab("a").save(force_insert=True)
            end_connections(CLINICAL)
            lab("b").save(force_insert=True)

    with pytest.raises(DatabaseError):
        write()

    assert labs(org) == set()


def test_a_connection_that_dies_at_the_commit_fails_it(org: Any) -> None:
    def write() -> None:
        with inside(org):
            lab("a").save(force_insert=True)
            at_commit(lab("b"), using=CLINICAL)
            end_connections(CLINICAL)

    with pytest.raises(DatabaseError):
        write()

    assert labs(org) == set()


def test_each_thread_opens_and_closes_its_own(org: Any) -> None:
    def write(number: int) -> None:
        try:
            for turn in range(20):
                with suppress(InterruptedError), inside(org):
                    at_commit(lab(f"{number}-{turn}"), using=CLINICAL)
                    if turn % 4 == 3:
                        raise InterruptedError
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))

    assert labs(org) == {f"{number}-{turn}" for number in range(6) for turn in range(20) if turn % 4 != 3}


def leave_by_commit(org: Any) -> None:
    with inside(org):
        Department.objects.count()
        list(Department.objects.select_for_update())
        list(Laboratory.objects.iterator())


def leave_by_error(org: Any) -> None:
    with suppress(InterruptedError), inside(org):
        Department.objects.count()
        raise InterruptedError


def leave_by_failed_statement(org: Any) -> None:
    with suppress(ProgrammingError), inside(org):
        one("SELECT nothing")


@pytest.mark.parametrize("leave", [leave_by_commit, leave_by_error, leave_by_failed_statement])
def test_nothing_of_a_session_outlives_its_transaction(leave: Any, org: Any) -> None:
    """A pooler may then give the connection to somebody else."""
    for _ in range(8):
        leave(org)

    state = """
        SELECT current_setting('role'), current_setting('search_path'), current_user = session_user,
               (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_cursors),
               (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
               (SELECT count(*) FROM pg_listening_channels())
    """
    with cursor(CLINICAL) as asked:
        asked.execute(state)
        assert asked.fetchone() == ("none", '""', True, 0, 0, 0, 0)


def test_no_statement_sets_anything_beyond_its_transaction(org: Any) -> None:
    connections[CLINICAL].close()

    with messages() as sent:
        leave_by_commit(org)
        with inside(org):
            at_commit(lab("a"), using=CLINICAL)

    assert [text for text in sent if text.lstrip().upper().startswith(("SET ", "LISTEN", "PREPARE", "DECLARE"))] == []
    assert all("', true)" in text for text in sent if "set_config" in text)


def test_a_block_marked_for_rollback_ends_in_one(org: Any) -> None:
    with inside(org):
        lab("a").save(force_insert=True)
        at_commit(lab("b"), using=CLINICAL)
        roll_back(CLINICAL)

    assert labs(org) == set()


def test_a_transaction_in_an_aborted_state_is_named_so(org: Any) -> None:
    with inside(org):
        with suppress(IntegrityError), atomic(CLINICAL, savepoint=False):
            raise IntegrityError
        with pytest.raises(TransactionManagementError):
            lab("a").save(force_insert=True)

    assert labs(org) == set()


def test_a_savepoint_travels_with_what_is_done_inside(org: Any) -> None:
    with messages() as sent, inside(org):
        with atomic(CLINICAL):
            insert(lab("a"), using=CLINICAL)
        at_commit(lab("b"), using=CLINICAL)

    assert [message.count("SAVEPOINT") for message in sent] == [1, 1]
    assert sent[0].startswith("BEGIN;SELECT set_config('role'")
    assert "SAVEPOINT" in sent[0].partition("INSERT")[0]
    assert sent[1].startswith("RELEASE SAVEPOINT")
    assert labs(org) == {"a", "b"}


def test_a_savepoint_around_nothing_sends_nothing(org: Any) -> None:
    with messages() as sent, inside(org):
        with atomic(CLINICAL):
            pass
        with suppress(InterruptedError), atomic(CLINICAL), atomic(CLINICAL):
            raise InterruptedError

    assert sent == []
    assert labs(org) == set()


@pytest.mark.parametrize("done_before", [True, False])
def test_a_savepoint_takes_back_what_was_done_inside_and_nothing_else(org: Any, done_before: bool) -> None:
    with inside(org):
        if done_before:
            insert(lab("before"), using=CLINICAL)
        with suppress(InterruptedError), atomic(CLINICAL):
            with atomic(CLINICAL):
                insert(lab("released inside"), using=CLINICAL)
            raise InterruptedError
        with atomic(CLINICAL):
            with suppress(InterruptedError), atomic(CLINICAL):
                insert(lab("inside"), using=CLINICAL)
                raise InterruptedError
            insert(lab("after"), using=CLINICAL)

    assert labs(org) == ({"before", "after"} if done_before else {"after"})


def test_a_savepoint_survives_the_error_it_is_for(org: Any) -> None:
    with inside(org):
        insert(lab("a"), using=CLINICAL)
        with suppress(IntegrityError), atomic(CLINICAL):
            insert(lab("a"), using=CLINICAL)
        with suppress(IntegrityError), atomic(CLINICAL):
            insert(lab("a"), using=CLINICAL)
        insert(lab("b"), using=CLINICAL)

    assert labs(org) == {"a", "b"}


def test_a_transaction_that_ends_with_a_savepoint_commits_it(org: Any) -> None:
    with inside(org), atomic(CLINICAL):
        insert(lab("a"), using=CLINICAL)

    assert labs(org) == {"a"}


def test_a_connection_that_dies_before_a_savepoint_fails_the_transaction(org: Any) -> None:
    def write() -> None:
        with inside(org):
            insert(lab("a"), using=CLINICAL)
            with atomic(CLINICAL):
                end_connections(CLINICAL)
                insert(lab("b"), using=CLINICAL)

    with messages() as sent, pytest.raises(DatabaseError):
        write()

    assert sum("INSERT" in message for message in sent) == 2
    assert labs(org) == set()
