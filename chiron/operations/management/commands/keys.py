"""`keys rotate` and `keys status`: newer keys while everybody works, and what lies under which."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typing_extensions import override

from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import DomainError
from chiron.kernel.ids import NIL
from chiron.operations.keys import rotate_master, rotate_organization, rotate_patients
from chiron.tenancy.public import all_organizations
from chiron.vault.public import KeyState, Unfinished, Watch, key_states, master_key, organization_keys_by_master

PLATFORM = "platform"
AFTER_MASTER = """\
{wrapped} keys of organizations were wrapped anew; 0 are wrapped by a previous master key.
MASTER_ENCRYPTION_PREVIOUS_KEYS may be removed now, from every process. Keep the old key with the backups it opens."""
MASTER_ADVICE = (
    "Have every process know both master keys, the new one as MASTER_ENCRYPTION_KEY and the old one among "
    "MASTER_ENCRYPTION_PREVIOUS_KEYS, and run this again."
)


class Command(BaseCommand):
    help = "Rotate keys while everybody works, or show what lies under which. A run that was killed: run it again."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        rotate = verbs.add_parser("rotate", help="without an option: wrap all keys by the present master key")
        rotate.add_argument("--organization", metavar="SLUG", help="a newer key for this organization")
        rotate.add_argument("--platform", action="store_true", help="a newer key for what no organization owns")
        rotate.add_argument(
            "--patients", action="store_true",
            help="newer keys for the patients of all organizations, or of the one that is named, and only for them",
        )  # fmt: skip
        status = verbs.add_parser("status", help="how much lies under which key, and how old it is")
        status.add_argument("--organization", metavar="SLUG", help="only this organization")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "status":
            return self._status(options["organization"])
        by = Caller(operator=True, device="keys rotate")
        if options["platform"] and (options["organization"] or options["patients"]):
            raise CommandError("--platform stands alone: the platform has no patients.")
        if not (options["platform"] or options["organization"] or options["patients"]):
            return self._master(by)
        faults = []
        for name, organization_id in wanted(options["organization"], platform=options["platform"]).items():
            try:
                self._turn(by, name, organization_id, patients=options["patients"])
            except CommandError as fault:  # one that cannot be finished does not keep the others from theirs
                faults.append(str(fault))
        if faults:
            raise CommandError("\n".join(faults))
        return None

    def _master(self, by: Caller) -> None:
        try:
            wrapped, left = rotate_master(by=by)
        except DomainError as refusal:
            raise CommandError(f"{refusal} {MASTER_ADVICE}") from None
        if left:
            raise CommandError(
                f"{left} keys of organizations came under a previous master key meanwhile. {MASTER_ADVICE}"
            )
        self.stdout.write(AFTER_MASTER.format(wrapped=wrapped))

    def _turn(self, by: Caller, name: str, organization_id: UUID, *, patients: bool) -> None:
        turn = rotate_patients if patients else rotate_organization
        try:
            with watched(name) as watch:
                turned = turn(by=by, organization_id=organization_id, now=now(), watch=watch)
        except Unfinished as fault:
            places = "\n".join(f"  {table} {id}" for table, id in fault.places[:20])
            raise CommandError(
                f"{name}: {len(fault.places)} rows do not open under the key they name, so it does not retire. "
                f"Restore them from a backup and run this again.\n{places}"
            ) from None
        except DomainError as refusal:
            raise CommandError(f"{name}: {refusal}") from None
        begun = "finished what was begun before: " if turned.resumed else ""
        self.stdout.write(
            f"{name}: {begun}{turned.rows} rows sealed anew, {turned.wrapped} keys of patients wrapped anew, "
            f"{turned.retired} keys retired; 0 rows lie under an older key."
        )

    def _status(self, slug: str | None) -> None:
        if slug is None:
            counted, present = organization_keys_by_master(), master_key().id
            wraps, previous = counted.pop(present, 0), sum(counted.values())
            self.stdout.write(f"master key: wraps {wraps} keys of organizations, previous ones wrap {previous}")
        for name, organization_id in wanted(slug, platform=True, everybody=True).items():
            self.stdout.write("\n".join([f"{name}:", *map(told, key_states(organization_id))]))


def told(state: KeyState) -> str:
    """One line about the keys of one generation."""
    if state.standing == "unknown" or state.since is None:
        return f"  under keys that are not there: {state.values} values"
    age = (now() - state.since).days
    keys = f"{state.keys} keys of patients" if state.kind == "patients" else "key"
    events = f", {state.events} events" if state.events else ""
    return f"  {keys}, generation {state.generation}, {state.standing}, {age} days old: {state.values} values{events}"


def wanted(slug: str | None, *, platform: bool, everybody: bool = False) -> dict[str, UUID]:
    """Whose keys, by name. Raises CommandError for an organization that is not known."""
    known = {each.slug: each.id for each in all_organizations()}
    if slug is not None:
        if slug not in known:
            raise CommandError(f"There is no organization {slug!r}.")
        return {slug: known[slug]}
    return {**({PLATFORM: NIL} if platform else {}), **(known if everybody or not platform else {})}


@contextmanager
def watched(name: str) -> Iterator[Watch]:
    """A bar on a terminal, which says what is waited for."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(name, total=None)
        yield Watch(
            looked=lambda done, total: bars.update(task, description=name, completed=done, total=total),
            waiting=lambda left: bars.update(task, description=f"{name}: waiting for {left} transactions"),
        )
