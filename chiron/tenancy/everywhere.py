"""A replay in every organization, several at a time; one that fails stays as it was and leaves the others done."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from traceback import extract_tb

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, InterfaceError, connections

from chiron.kernel.db import CLINICAL, atomic, cursor
from chiron.postgres.owner import as_owner
from chiron.tenancy.models import Organization
from chiron.tenancy.names import schema_of
from chiron.tenancy.replay import Key, Step, applied, replay, steps

FAILURES = (
    DatabaseError, InterfaceError, ObjectDoesNotExist, ArithmeticError, AttributeError, LookupError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip
"""What one organization's migration may fail with, Python of data migrations included, without stopping the others."""

Outcome = tuple[Organization, str]


def replay_everywhere(
    organizations: Sequence[Organization], all_steps: list[Step], *, workers: int
) -> Iterator[Outcome]:
    """Each organization as it is finished, with why it failed or "".

    Each worker is a thread with one connection of its own: the work is the server's. Abandoned, it finishes the
    organizations that are under way and begins no other.
    """
    workers = min(workers, len(organizations))
    waiting: SimpleQueue[Organization] = SimpleQueue()
    finished: SimpleQueue[Outcome | None] = SimpleQueue()
    abandoned = Event()
    for organization in organizations:
        waiting.put(organization)

    def work() -> None:
        try:
            with as_owner(CLINICAL):
                while not abandoned.is_set():
                    organization = waiting.get_nowait()
                    finished.put((organization, _fault(organization, all_steps)))
        except Empty:
            pass
        finally:
            connections.close_all()
            finished.put(None)

    with ThreadPoolExecutor(workers) as pool:
        working = [pool.submit(work) for _ in range(workers)]
        try:
            for _ in working:
                yield from iter(finished.get, None)
        finally:
            abandoned.set()
        for worker in working:
            worker.result()


def lacking() -> list[tuple[Organization, list[Key]]]:
    """Every organization with the migrations that the template has and it has not. Raises OwnerNotConfigured."""
    with as_owner(CLINICAL):
        wanted = {step.key for step in steps()}
        return [(each, sorted(wanted - applied(each.id))) for each in Organization.objects.order_by("slug")]


def schemas_of_nobody() -> list[str]:
    """Schemas of organizations that accounts does not know: of a creation that was killed, or of older accounts."""
    with atomic(CLINICAL), cursor(CLINICAL) as catalog:
        catalog.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$' ORDER BY 1")
        found = [name for (name,) in catalog.fetchall()]
    known = {schema_of(organization_id) for organization_id in Organization.objects.values_list("id", flat=True)}
    return [name for name in found if name not in known]


def _fault(organization: Organization, all_steps: list[Step]) -> str:
    try:
        replay(organization.id, all_steps)
    except FAILURES as error:
        return f"{type(error).__name__}: {_why(error)}"
    return ""


def _why(error: BaseException) -> str:
    """The database's own words, unless they may quote a value; of Python only the place, whose words may, too."""
    diagnostics = getattr(error.__cause__, "diag", None)
    if diagnostics is not None and diagnostics.sqlstate:
        quotes_values = diagnostics.sqlstate.startswith("22")
        return f"SQLSTATE {diagnostics.sqlstate}" + ("" if quotes_values else f", {diagnostics.message_primary}")
    if isinstance(error, DatabaseError | InterfaceError):
        return str(error)
    place = extract_tb(error.__traceback__)[-1]
    return f"in {Path(place.filename).name}, line {place.lineno}"
