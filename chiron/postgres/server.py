"""The embedded PostgreSQL: started by whoever comes first, stopped by whoever leaves last."""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psycopg
import psycopg.sql

from chiron.postgres import programs
from chiron.postgres.home import Home, ServerRefused

SUPERUSER, OWNER = "chiron_superuser", "chiron"
MAJOR = "18"
PATIENCE = 60.0
SETTINGS = {
    "password_encryption": "scram-sha-256",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "200",
    "max_locks_per_transaction": "512",
    "shared_buffers": "256MB",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "20MB",
    "log_truncate_on_rotation": "on",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_min_messages": "log",  # not the errors of statements: their texts quote values
    "timezone": "UTC",
}


class Server:
    """One PostgreSQL over one data folder. ``extra_settings`` go over ours (a test's server need not be durable)."""

    def __init__(self, home: Home, extra_settings: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.settings = SETTINGS | dict(extra_settings or {})
        self.account = _unprivileged_account()

    def start(self) -> bool:
        """Make the data folder if there is none and start the server; False when a healthy one already runs.

        Raises ServerRefused for a folder of another version, one that cannot be reached, or a server that fails.
        """
        with self.home.locked("server"):
            self._check()
            if self.answers():
                return False
            if not (self.home.data / "PG_VERSION").exists():
                self._initialise()
            self._sweep()
            self.home.have_a_free_port()
            self._spawn()
            self._make_owner()
            return True

    def stop(self) -> None:
        """End the server after its running transactions were rolled back, everything acknowledged on disk."""
        pid = self.pid()
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + PATIENCE
        while _alive(pid) and time.monotonic() < deadline:
            time.sleep(0.02)

    def answers(self) -> bool:
        """Whether a server of this data folder runs and lets us in. Raises ServerRefused for one of other secrets."""
        if self.pid() is None:
            return False
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with self.connect() as connection:
                    [folder] = connection.execute("SHOW data_directory").fetchone() or [""]
                return Path(folder).resolve() == self.home.data.resolve()
            except psycopg.OperationalError as refusal:
                if "password authentication failed" in str(refusal):
                    raise ServerRefused(self._of_other_secrets()) from None
                if not _is_starting(str(refusal)) or time.monotonic() > deadline:
                    return False
                time.sleep(0.05)

    def _of_other_secrets(self) -> str:
        path = self.home.path
        return (
            f"{self.home.data} was made with another secrets.json than {path / 'secrets.json'}: put that one back. If "
            f"nothing was kept there yet, as after a command that ran too early, move {path / 'postgres'} away instead."
        )

    def connect(self) -> "psycopg.Connection[tuple[str, ...]]":
        """A superuser's connection, for the supervisor only."""
        return psycopg.connect(
            host=str(self.home.sockets),
            port=self.home.port(),
            user=SUPERUSER,
            password=self.home.secrets()["POSTGRES_PASSWORD"],
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )

    def pid(self) -> int | None:
        """The process id of the running server, if its pid file names a live PostgreSQL of this very folder."""
        try:
            pid = int((self.home.data / "postmaster.pid").read_text().split("\n", 1)[0])
            command = Path(f"/proc/{pid}/cmdline")
            ours = not command.exists() or str(self.home.data).encode() in command.read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        return pid if _alive(pid) and ours else None

    def _check(self) -> None:
        version = self.home.data / "PG_VERSION"
        if version.exists() and version.read_text().strip() != MAJOR:
            raise ServerRefused(
                f"{self.home.data} was made by PostgreSQL {version.read_text().strip()}, this is {MAJOR}: "
                "dump it with that version and restore it here, or choose another --data-dir."
            )
        if self.account is not None:
            self._check_reach(self.account)

    def _check_reach(self, account: pwd.struct_passwd) -> None:
        for folder in self.home.path.parents:
            mode = folder.stat()
            if not mode.st_mode & 0o001 and mode.st_uid != account.pw_uid:
                raise ServerRefused(
                    f"PostgreSQL runs as the account {account.pw_name!r}, not as root, and cannot pass {folder}: "
                    "choose a --data-dir (or CHIRON_HOME) outside of it, such as /var/lib/chiron."
                )

    def _binaries(self) -> Path:
        return programs.shipped() if self.account is None else programs.copied(self.home.path)

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._as_account())
        if done.returncode:
            raise ServerRefused(f"{Path(command[0]).name} failed: {done.stderr.strip()[-800:]}")

    def _as_account(self) -> dict[str, Any]:
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        if self.account is None:
            return {"env": environment, "umask": 0o077, "cwd": "/"}
        ids = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return {"env": environment, "umask": 0o077, "cwd": "/", **ids}

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        owners = {os.geteuid(), self.account.pw_uid if self.account else os.geteuid()}
        if folder.is_symlink() or folder.stat().st_uid not in owners:
            raise ServerRefused(f"{folder} belongs to somebody else: remove it, or choose another --data-dir.")
        folder.chmod(0o700)
        if self.account is not None:
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)

    def _initialise(self) -> None:
        for folder in (self.home.path / "postgres", self.home.sockets, self.home.data):
            self._own(folder)
        secret = self.home.path / "postgres" / "password"
        secret.write_text(self.home.secrets()["POSTGRES_PASSWORD"])
        if self.account is not None:
            os.chown(secret, self.account.pw_uid, self.account.pw_gid)
        secret.chmod(0o600)
        fresh = self.home.data.with_suffix(".new")  # renamed when it is whole: a killed initdb leaves no data folder
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(self.home.data)
        try:
            self._run(
                str(self._binaries() / "initdb"),
                f"--pgdata={fresh}",
                f"--username={SUPERUSER}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
            )
            fresh.rename(self.home.data)
        finally:
            secret.unlink()

    def _sweep(self) -> None:
        """Remove what a killed server left: its processes, its pid file, and its socket's lock."""
        self._own(self.home.sockets)
        if self.pid() is None:
            self._end_orphans()
            (self.home.data / "postmaster.pid").unlink(missing_ok=True)
            (self.home.sockets / f".s.PGSQL.{self.home.port()}.lock").unlink(missing_ok=True)

    def _end_orphans(self) -> None:
        """End those who still work for a postmaster that was killed: beside them PostgreSQL refuses to start."""
        orphans = list(self._orphans())
        for pid in orphans:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while any(map(_alive, orphans)) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _orphans(self) -> Iterator[int]:
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                program = (process / "cmdline").read_bytes().split(b"\0")[0]  # of a child just forked: its parent's
                if b"postgres" in program and (process / "cwd").readlink() == self.home.data.resolve():
                    yield int(process.name)

    def _spawn(self) -> None:
        options = self.settings | {
            "listen_addresses": "127.0.0.1",
            "port": str(self.home.port()),
            "unix_socket_directories": str(self.home.sockets),
        }
        command = [str(self._binaries() / "postgres"), "-D", str(self.home.data)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = self.home.path / "server-start.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **self._as_account(),
            )
        deadline = time.monotonic() + PATIENCE
        try:
            while not self.answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise ServerRefused(
                        f"PostgreSQL did not start: {log.read_text()[-800:].strip()} (see {self.home.data}/log)"
                    )
                time.sleep(0.02)
        except ServerRefused:
            self.stop()
            process.poll()
            raise
        process.returncode = 0  # it lives on without us, which a collected Popen would complain of

    def _make_owner(self) -> None:
        with self.connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone()
            if known is None:
                password = psycopg.sql.Literal(self.home.secrets()["POSTGRES_PASSWORD"])
                make = psycopg.sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}")
                connection.execute(make.format(psycopg.sql.Identifier(OWNER), password))


@contextmanager
def using(home: Home, extra_settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A running server while the block lasts; the last process to leave its block stops it."""
    home.prepare()
    server = Server(home, extra_settings)
    with (home.path / "users.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        server.start()
        try:
            yield server
        finally:
            if _last(users):
                server.stop()


def _last(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_starting(refusal: str) -> bool:
    """Whether a server says so of itself: at once, or while it reads again what a killed one had written."""
    return "starting up" in refusal or "not yet accepting connections" in refusal


def _unprivileged_account() -> pwd.struct_passwd | None:
    """The account that a server started by root runs under; PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServerRefused(
        "There is no account 'postgres' or 'nobody' to run PostgreSQL under: start as an ordinary user."
    )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    state = Path(f"/proc/{pid}/stat")
    with suppress(FileNotFoundError, IndexError):
        return state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return True
