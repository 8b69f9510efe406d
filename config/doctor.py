"""What `chiron doctor` looks at. Each examination says what it found and, where something is wrong, what to do."""

import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from chiron.audit.public import NotLocked, OutOfReach, Watch, bucket
from chiron.jobs.public import queue_state
from chiron.kernel.clock import now
from chiron.kernel.db import ALIASES, atomic, cursor
from chiron.kernel.errors import DomainError
from chiron.kernel.ids import NIL
from chiron.postgres.owner import OwnerNotConfigured
from chiron.tenancy.public import all_organizations, lacking, missing_migrations, schemas_of_nobody
from chiron.vault.public import (
    key_states,
    master_key,
    organization_keys_by_master,
    organization_safe,
    unfinished,
)
from config import environment
from config.health import LONGEST_WAIT_FOR_A_WORKER, LONGEST_WAIT_FOR_THE_SEALER
from config.startup import unsafe_servers

State = Literal["ok", "warning", "bad"]
LEAST_FREE = 2 * 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, what was seen, and what to do about it."""

    subject: str
    state: State
    seen: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Every examination in turn; one that needs a database that is down is left out, the database is named."""
    yield from _versions()
    yield from _folders()
    yield from _settings()
    reached = True
    for finding in _databases():
        reached = reached and finding.state != "bad"
        yield finding
    for subject, look in READERS.items() if reached else ():
        try:
            yield from look()
        except (DatabaseError, InterfaceError) as error:
            seen = f"cannot be looked at ({type(error).__name__})"
            yield Finding(subject, "bad", seen, "Run `chiron migrate`, then `chiron doctor` again.")


def _versions() -> Iterator[Finding]:
    names = ("chiron", "django", "django-ninja", "psycopg", "cryptography", "granian")
    yield Finding(
        "versions", "ok", f"Python {platform.python_version()}, " + ", ".join(f"{n} {version(n)}" for n in names)
    )


def _folders() -> Iterator[Finding]:
    home: Path = settings.HOME.path
    yield Finding(
        "CHIRON_HOME", "ok", f"{home} ({_megabytes(home)} MB, embedded PostgreSQL: {_yes(settings.EMBEDDED)})"
    )
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(nearest).free
    advice = "" if free > LEAST_FREE else "Make room: PostgreSQL stops writing when the disk is full."
    yield Finding("disk", "ok" if free > LEAST_FREE else "bad", f"{free // 2**20} MB free at {nearest}", advice)
    heads: Path = settings.AUDIT_HEADS_DIR
    yield Finding(
        "audit heads", "ok", f"{heads}, {len(list(heads.glob('*'))) if heads.exists() else 0} trails copied there"
    )


def _settings() -> Iterator[Finding]:
    untouched = 0
    for setting in environment.SETTINGS:
        value = environment.read(setting.name)
        shown = ("set" if value else "not set") if setting.secret else (value or "not set")
        if value != setting.default or setting.name == "ENVIRONMENT":
            yield Finding(f"setting {setting.name}", "ok", shown)
        else:
            untouched += 1
    yield Finding("other settings", "ok", f"{untouched} as docs/reference/settings.md says")
    if settings.ENVIRONMENT != "production":
        advice = "Set ENVIRONMENT=production before real patients come."
        yield Finding(
            "environment", "warning", f"{settings.ENVIRONMENT}: keys are made up where none are given", advice
        )


def _databases() -> Iterator[Finding]:
    for alias in ALIASES:
        place = settings.DATABASES[alias]
        where = f"{place.get('USER')} at {place.get('HOST')}:{place.get('PORT')}/{place.get('NAME')}"
        try:
            with atomic(alias), cursor(alias) as asked:
                asked.execute(
                    "SELECT current_setting('server_version'), pg_database_size(current_database()) / 1048576"
                )
                server, size = asked.fetchone()
        except (DatabaseError, InterfaceError) as error:
            advice = f"Start the server, or mend {alias.upper()}_DATABASE_URL (or POSTGRES_*)."
            yield Finding(f"database {alias}", "bad", f"{where}: {type(error).__name__}", advice)
        else:
            yield Finding(f"database {alias}", "ok", f"{where}, PostgreSQL {server}, {size} MB")


def _migrations() -> Iterator[Finding]:
    try:
        missing = sorted(f"{app}.{name}" for app, name in missing_migrations())
    except DatabaseError:
        missing = ["all"]
    yield Finding(
        "migrations",
        "bad" if missing else "ok",
        f"missing: {', '.join(missing)}" if missing else "none missing",
        "Run `chiron migrate`." if missing else "",
    )


def _organizations() -> Iterator[Finding]:
    if strays := schemas_of_nobody():
        advice = (
            "Accounts restored from an older backup? Then restore the right one. Else each is left of a creation that "
            "was killed: look whether it is empty, and drop it and the role of its name."
        )
        yield Finding("schemas", "warning", f"belong to no organization: {', '.join(strays)}", advice)
    try:
        found = lacking()
    except OwnerNotConfigured:
        yield Finding("organizations", "ok", "not looked at: this process has no owner's login")
        return
    behind = [organization.slug for organization, keys in found if keys]
    advice = "Run `chiron migrate` and read why it stops there; `chiron migrate --status` says what each lacks."
    seen = f"{len(found) - len(behind)} of {len(found)} up to date" + (f", not {', '.join(behind)}" if behind else "")
    yield Finding("organizations", "bad" if behind else "ok", seen, advice if behind else "")


def _durability() -> Iterator[Finding]:
    state: State = "bad" if settings.ENVIRONMENT == "production" else "warning"
    faults = unsafe_servers()
    for fault in faults:
        seen, _, advice = fault.partition(": ")
        yield Finding(f"server of {seen}", state, advice.partition(": ")[0], advice.rpartition(": ")[2])
    if not faults:
        yield Finding("servers", "ok", "what they acknowledge outlives a crash")


def _keys() -> Iterator[Finding]:
    owners = [("the platform", NIL), *((each.slug, each.id) for each in all_organizations())]
    shut = [name for name, owner in owners if not _opens(lambda owner=owner: organization_safe(owner))]  # type: ignore[misc]
    advice = "Set the MASTER_ENCRYPTION_KEY under which it was made; see docs/how-to/keys.md." if shut else ""
    seen = f"{len(owners) - len(shut)} of {len(owners)} open" + (f", not those of {', '.join(shut)}" if shut else "")
    yield Finding("keys", "bad" if shut else "ok", seen, advice)


def _rotations() -> Iterator[Finding]:
    """What a rotation began and did not finish; only then rows are counted, which takes long where there are many."""
    owners = {"--platform": NIL, **{f"--organization {each.slug}": each.id for each in all_organizations()}}
    begun = {whose: kinds for whose, owner in owners.items() if (kinds := unfinished(owner))}
    for whose, kinds in begun.items():
        left = sum(state.values for state in key_states(owners[whose]) if state.is_left_behind)
        commands = [f"`chiron keys rotate {whose}{' --patients' if kind == 'patients' else ''}`" for kind in kinds]
        seen = f"begun and not finished ({whose}): {left} values lie under older keys"
        yield Finding(
            "rotation of keys", "warning", seen, f"Run {' and '.join(commands)}: it goes on where it stopped."
        )
    by_master = organization_keys_by_master()
    by_master.pop(master_key().id, None)
    if by_master:
        seen = f"{by_master.total()} keys of organizations are wrapped by a previous one"
        yield Finding("master key", "warning", seen, "Run `chiron keys rotate`, and remove the previous one then.")
    elif not begun:
        yield Finding("rotation of keys", "ok", "none is under way")


def _sealer() -> Iterator[Finding]:
    waited = Watch(at_a_time=1000).longest_wait(now())
    behind = waited > LONGEST_WAIT_FOR_THE_SEALER
    advice = "Run `chiron serve`, which seals, and give it the sealer's login." if behind else ""
    yield Finding(
        "audit sealer", "bad" if behind else "ok", f"the oldest unsealed event waits for {waited.seconds} s", advice
    )


def _witness() -> Iterator[Finding]:
    place = bucket()
    if place is None:
        advice = "Set AUDIT_HEADS_BUCKET to a bucket with object lock that other people administer."
        yield Finding("witness", "warning", "audit heads are copied to this machine's folder only", advice)
        return
    try:
        place.check()
    except NotLocked:
        advice = "Make a bucket with object lock: it cannot be added to one that exists everywhere."
        yield Finding("witness", "bad", f"bucket {place.name} has no object lock", advice)
    except OutOfReach as error:
        advice = "Mend the way to it, or AUDIT_HEADS_BUCKET; heads are copied as soon as it answers."
        yield Finding("witness", "bad", f"bucket {place.name} is out of reach ({error})", advice)
    else:
        yield Finding("witness", "ok", f"bucket {place.name}, locked for {place.retention.days} days")


def _queue() -> Iterator[Finding]:
    queue = queue_state()
    seen = f"{queue.waiting} jobs wait, {queue.doing} are being done"
    if queue.stalled:
        advice = "Run `chiron worker`, or `chiron serve`, which has one: it takes over what a lost worker held."
        yield Finding("queue", "bad", f"{seen}, {queue.stalled} of them by a worker that fell silent", advice)
    elif queue.oldest > LONGEST_WAIT_FOR_A_WORKER:
        advice = "Run `chiron worker`, or `chiron serve`, which has one; more of them where they cannot keep up."
        yield Finding("queue", "bad", f"{seen}, the oldest is due for {queue.oldest.total_seconds():.0f} s", advice)
    else:
        yield Finding("queue", "ok", seen)
    if queue.dead:
        advice = "Mend the cause, then have them tried again at /admin/."
        yield Finding("dead jobs", "warning", f"{queue.dead} were tried as often as allowed", advice)


def _opens(safe: Callable[[], object]) -> bool:
    try:
        safe()
    except DomainError:
        return False
    return True


def _megabytes(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # a server that works removes files while they are counted
            size += path.lstat().st_size
    return size // 2**20


def _yes(value: bool) -> str:
    return "yes" if value else "no"


READERS: dict[str, Callable[[], Iterator[Finding]]] = {
    "migrations": _migrations,
    "organizations": _organizations,
    "servers": _durability,
    "keys": _keys,
    "rotation of keys": _rotations,
    "audit sealer": _sealer,
    "witness": _witness,
    "queue": _queue,
}
"""What is read in the databases, once all of them answer."""
