"""PostgreSQL with fewer messages per transaction.

BEGIN, the ``opening`` statement (the switch to an organization) and the first query travel as one message; rows that
nobody reads before the end travel with COMMIT as another; a savepoint travels with the first statement inside it, and
its release with the next one. This rests on client-side binding, Django's default: values are bound into the text by
psycopg, so the simple protocol can take several statements at once (values are bound before statements are joined:
psycopg parses each text once, and keeps few of them). It uses hooks of Django that are not documented
(``_start_transaction_under_autocommit``, ``_commit``, ``_savepoint``, ``execute_wrappers``); they are used in this file
only, and its tests say what must hold.
"""

from select import POLLIN, poll
from typing import Any

from django.db import InternalError, NotSupportedError, OperationalError
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus
from psycopg.types.datetime import TimestamptzLoader

from chiron.postgres.backend.deadline import Place, Silent, connecting, with_deadline
from chiron.postgres.backend.definitions import Features, Operations, SchemaEditor

BEGIN = "BEGIN;"


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of Django's, whose transactions may open and close with company."""

    features_class = Features
    ops_class = Operations
    SchemaEditorClass = SchemaEditor

    opening: str = ""
    """What the next outermost transaction does first: one statement without parameters, already checked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.closing: list[tuple[str, list[Any]]] = []
        self.unsent = ""
        self.execute_wrappers.append(self._send_opening)

    def init_connection_state(self) -> None:
        """Read instants with psycopg's C loader; Django's is ten times slower and only needed outside UTC.

        And wait for answers only as long as the process may.
        """
        super().init_connection_state()
        self.connection.adapters.register_loader("timestamptz", TimestamptzLoader)
        with_deadline(self.connection, self._place)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        with connecting(self._place):
            return super().get_new_connection(conn_params)

    @property
    def _place(self) -> Place:
        return str(self.settings_dict["HOST"]), str(self.settings_dict["PORT"])

    def _set_autocommit(self, autocommit: bool) -> None:
        if not autocommit:
            raise NotSupportedError("transactions open with atomic() only")
        if not self.connection.autocommit:
            super()._set_autocommit(True)  # type: ignore[misc]

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor()

    def ensure_connection(self) -> None:
        """Connect where there is no connection, or one that is known to be dead."""
        if self.connection is not None and self.connection.closed and not self.in_atomic_block:
            self.close()
        super().ensure_connection()

    def close_if_unusable_or_obsolete(self) -> None:
        """Drop a connection that is known to be dead, as after each request; Django would first connect anew."""
        if self.connection is not None and self.connection.closed and not self.in_atomic_block:
            self.close()
        super().close_if_unusable_or_obsolete()

    def _start_transaction_under_autocommit(self) -> None:
        self.ensure_connection()
        self.closing = []
        self.unsent = f"{BEGIN}{self.opening};" if self.opening else BEGIN

    def _send_opening(self, execute: Any, statement: Any, params: Any, many: bool, context: Any) -> Any:
        if not self.in_atomic_block and self._has_died():
            self._replace_connection()
            context["cursor"].cursor = self.connection.cursor()
        if not self.unsent:
            return execute(statement, params, many, context)
        opening, self.unsent = self.unsent, ""

        def send() -> Any:
            cursor = context["cursor"].cursor
            if many or not isinstance(statement, str):
                with self.wrap_database_errors:
                    cursor.execute(opening)
                return execute(statement, params, many, context)
            with self.wrap_database_errors:
                bound = statement if params is None else cursor.mogrify(statement, params)
            result = execute(opening + bound, None, many, context)
            cursor.set_result(-1)
            return result

        try:
            return send()
        except OperationalError as error:
            if (
                isinstance(error.__cause__, Silent)
                or not self.connection.closed
                or (opening and not opening.startswith(BEGIN))
            ):
                raise
        self._replace_connection()
        context["cursor"].cursor = self.connection.cursor()
        return send()

    def _has_died(self) -> bool:
        """Whether the server has ended this idle connection, as far as this side was told; costs no message.

        Outside of a transaction nothing may be sent twice, not even a SELECT, which may call what changes something:
        so the question comes before. What a server says to an idle connection is nearly always its farewell.
        """
        socket = poll()
        socket.register(self.connection.pgconn.socket, POLLIN)
        return bool(socket.poll(0)) and not self.is_usable()

    def _replace_connection(self) -> None:
        """Connect anew in place of a connection that died while idle: nothing of a transaction was done on it.

        So no connection has to be probed before it is used, which would cost a message for each request.
        """
        with self.wrap_database_errors:
            self.connection = self.get_new_connection(self.get_connection_params())
            self.connection.autocommit = True
            self.init_connection_state()

    def _commit(self) -> None:
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            raise InternalError("a statement of this transaction has failed, so it cannot be committed")
        rows, unsent, self.closing, self.unsent = self.closing, self.unsent, [], ""
        if not rows:
            if not unsent.startswith(BEGIN):
                super()._commit()  # type: ignore[misc]
            return
        text = ";".join(statement for statement, _ in rows)
        values = [value for _, params in rows for value in params]
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(f"{unsent}{cursor.mogrify(text, values)};COMMIT")

    def _rollback(self) -> None:
        unsent, self.closing, self.unsent = self.unsent, [], ""
        if not unsent.startswith(BEGIN):
            super()._rollback()  # type: ignore[misc]

    def _savepoint(self, sid: str) -> None:
        self._flush()
        self.unsent += self._begin_of(sid)

    def _savepoint_commit(self, sid: str) -> None:
        before, begin, _ = self.unsent.partition(self._begin_of(sid))
        self.unsent = before if begin else f"{before}{self.ops.savepoint_commit_sql(sid)};"

    def _savepoint_rollback(self, sid: str) -> None:
        before, begin, _ = self.unsent.partition(self._begin_of(sid))
        self.unsent = before + begin
        if not begin:
            self.unsent = ""  # what was begun or released inside goes with it
            super()._savepoint_rollback(sid)  # type: ignore[misc]

    def _begin_of(self, sid: str) -> str:
        """The statement that begins a savepoint; it stands in ``unsent`` until something is done inside."""
        return f"{self.ops.savepoint_create_sql(sid)};"

    def _flush(self) -> None:
        """Send the rows queued so far: a rollback to the savepoint that follows must not take them along."""
        rows, self.closing = self.closing, []
        for statement, params in rows:
            with self.cursor() as cursor:
                cursor.execute(statement, params)

    def close(self) -> None:
        self.closing, self.unsent = [], ""
        super().close()
