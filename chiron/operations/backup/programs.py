"""pg_dump and pg_restore of the server's own version, spoken to through pipes: nothing of theirs touches a disk."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any

import psycopg

from chiron.operations.backup.errors import BackupRefused
from chiron.postgres import programs

BLOCK = 2**20
SAYS = re.compile(rb"^(pg_dump|pg_restore): (error|warning): .*", re.MULTILINE)


def folder_for(major: int) -> Path:
    """Where the programs of that version of PostgreSQL lie: in PATH, or those that came with Chiron.

    A newer pg_dump writes what an older server does not understand, an older one does not read a newer server.
    Raises BackupRefused.
    """
    in_path = shutil.which("pg_dump")
    for folder in [*([Path(in_path).parent] if in_path else []), programs.shipped()]:
        if _major_of(folder) == major:
            return folder
    raise BackupRefused(
        f"The server is PostgreSQL {major}, and no pg_dump {major} is in PATH: install postgresql-client-{major}."
    )


def dumped(owner: dict[str, Any], major: int, *options: str) -> Iterator[bytes]:
    """A dump of the owner's database in PostgreSQL's custom format, as it is made. Raises BackupRefused."""
    command = [str(folder_for(major) / "pg_dump"), "--format=custom", "--compress=1", "--no-password", *options]
    with _running(owner, command, stdout=subprocess.PIPE) as process:
        said = _Said(process.stderr)
        assert process.stdout is not None  # noqa: S101  for the type checker
        while block := process.stdout.read(BLOCK):
            yield block
        _must_end_well(process, said)


def restore(owner: dict[str, Any], major: int, dump: Iterable[bytes], *chosen: str) -> None:
    """Put a dump, or what is chosen of it, into the owner's database: in one transaction, or nothing.

    Roles and rights are left out: they are declared, and given anew. Raises BackupRefused, and whatever keeps the dump
    from being read to its end; then the transaction is not committed.
    """
    options = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-acl", "--no-password"]
    command = [str(folder_for(major) / "pg_restore"), *options, *chosen, "--dbname", _conninfo(owner)]
    with _running(owner, command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        said = _Said(process.stderr)
        assert process.stdin is not None  # noqa: S101
        try:
            for block in dump:
                process.stdin.write(block)
        except BrokenPipeError:
            pass  # it ended, and says why
        except BaseException:
            process.kill()
            raise
        _close(process.stdin)
        _must_end_well(process, said)


def _close(stdin: IO[bytes]) -> None:
    with suppress(BrokenPipeError):
        stdin.close()


class _Said:
    """What a program writes as its errors, without the rows that it quotes below them."""

    def __init__(self, stream: Any) -> None:
        self._lines: list[bytes] = []
        self._thread = Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        for line in stream:
            if SAYS.match(line):
                self._lines = [*self._lines[-4:], line.strip()]

    def text(self) -> str:
        self._thread.join()
        return " ".join(line.decode(errors="replace") for line in self._lines)


def _must_end_well(process: "subprocess.Popen[bytes]", said: _Said) -> None:
    code = process.wait()
    if code:
        raise BackupRefused(f"{Path(str(process.args[0])).name} failed ({code}): {said.text()}")  # type: ignore[index]


def _running(owner: dict[str, Any], command: Sequence[str], **streams: Any) -> "subprocess.Popen[bytes]":
    environment = {"PATH": os.defpath, "PGPASSWORD": str(owner["PASSWORD"]), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    if command[0].endswith("pg_dump"):
        command = [*command, "--dbname", _conninfo(owner)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, **streams)


def _conninfo(owner: dict[str, Any]) -> str:
    """Where, and as whom; never the password, which others on this machine would see."""
    names = {"host": "HOST", "port": "PORT", "user": "USER", "dbname": "NAME"}
    said = {ours: str(owner[theirs]) for ours, theirs in names.items() if owner.get(theirs)}
    options = {name: str(value) for name, value in owner.get("OPTIONS", {}).items() if name.startswith("ssl")}
    return psycopg.conninfo.make_conninfo(**said, **options)


def _major_of(folder: Path) -> int | None:
    try:
        said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    found = re.search(r" (\d+)", said)
    return int(found[1]) if found else None
