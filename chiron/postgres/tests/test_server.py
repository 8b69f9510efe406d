"""The embedded server: whoever comes first starts it, whoever leaves last stops it, and killing it loses nothing.

Each test has servers of its own, with the durable settings.
"""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from chiron.postgres.home import LONGEST_SOCKET_FOLDER, Home, ServerRefused
from chiron.postgres.server import Server, using
from tests import waiting
from tests.server import is_alive, kill

until = partial(waiting.until, seconds=10)
USER = """
import sys
from pathlib import Path
from chiron.postgres.home import Home
from chiron.postgres.server import using
with using(Home(Path(sys.argv[1]))):
    print("in", flush=True)
    sys.stdin.readline()
print("out", flush=True)
"""


@pytest.fixture
def home() -> Iterator[Home]:
    """A folder that the unprivileged account can reach; its server is stopped and everything removed."""
    folder = Path(tempfile.mkdtemp(prefix="chiron-server-"))
    folder.chmod(0o755)
    home = Home(folder / "home")
    yield home
    Server(home).stop()
    shutil.rmtree(folder)


@pytest.fixture
def server(home: Home) -> Server:
    """A server that runs."""
    home.prepare()
    server = Server(home)
    assert server.start() is True
    return server


def user(home: Home) -> "subprocess.Popen[str]":
    """Another process that uses the server until it is told to leave."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(home.path)], cwd=settings.BASE_DIR, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    return process


def leave(process: "subprocess.Popen[str]") -> None:
    said, _ = process.communicate("leave\n", timeout=30)
    assert (said, process.returncode) == ("out\n", 0)


def test_it_is_started_once_and_attached_to_afterwards(server: Server, home: Home) -> None:
    first = server.pid()

    assert Server(home).start() is False
    assert Server(home).pid() == first
    assert home.data.stat().st_mode & 0o777 == 0o700


def test_every_acknowledged_write_outlives_a_kill_of_all_its_processes(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("CREATE TABLE written (writer int, number int)")
    acknowledged: list[tuple[int, int]] = []

    def write(writer: int) -> None:
        number = 0
        with suppress(psycopg.Error), server.connect() as connection:
            while True:
                connection.execute("INSERT INTO written VALUES (%s, %s)", [writer, number])
                acknowledged.append((writer, number))
                number += 1

    for _ in range(3):
        reached = len(acknowledged) + 100
        with ThreadPoolExecutor(4) as pool:
            writers = [pool.submit(write, writer) for writer in range(4)]
            until(lambda: len(acknowledged) > reached)  # noqa: B023
            kill(server)
        assert [writer.exception() for writer in writers] == [None] * 4
        assert server.start() is True

    with server.connect() as connection:
        rows = connection.execute("SELECT writer, number FROM written").fetchall()
    kept = {(int(writer), int(number)) for writer, number in rows}
    assert set(acknowledged) - kept == set()


def test_what_goes_on_after_its_postmaster_was_killed_is_ended_by_the_next(server: Server) -> None:
    """A backend that computes does not notice that its postmaster is gone, and holds the shared memory."""
    postmaster = server.pid()
    assert postmaster is not None

    def compute() -> None:
        with suppress(psycopg.Error), server.connect() as connection:
            connection.execute("SELECT count(*) FROM generate_series(1, 60000000)")

    with ThreadPoolExecutor(1) as pool:
        computing = pool.submit(compute)
        until(lambda: busy(server))
        os.kill(postmaster, signal.SIGKILL)
        until(lambda: not is_alive(postmaster))
        still_computing = not computing.done()

        assert server.start() is True
        computing.result(10)

    assert still_computing
    assert server.pid() != postmaster
    assert server.answers()


def test_a_child_that_bears_its_postmasters_name_still_is_ended_too(server: Server, home: Home) -> None:
    """It was forked a moment before the postmaster was killed, and has not called itself anything yet."""
    kill(server)
    name = ["/usr/lib/postgresql/18/bin/postgres", "60"]
    with subprocess.Popen(name, executable="/bin/sleep", cwd=home.data) as child:
        until(Path(f"/proc/{child.pid}/cmdline").read_bytes)  # empty for a moment after Popen: exec sets it last
        assert server.start() is True

        assert child.wait(10) == -signal.SIGTERM


def test_a_server_that_recovers_is_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = ["the database system is starting up", "the database system is not yet accepting connections"]
    connect = server.connect

    def connect_at_last() -> "psycopg.Connection[tuple[str, ...]]":
        if refusals:
            raise psycopg.OperationalError(refusals.pop(0))
        return connect()

    monkeypatch.setattr(server, "connect", connect_at_last)

    assert server.answers()
    assert refusals == []


def busy(server: Server) -> bool:
    with server.connect() as connection:
        working = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
        [number] = connection.execute(working).fetchone() or [""]
    return int(number) == 1


def test_what_a_killed_server_left_behind_does_not_hinder_the_next(server: Server, home: Home) -> None:
    kill(server)
    with subprocess.Popen(["/bin/sleep", "60"]) as stranger:
        lines = (home.data / "postmaster.pid").read_text().split("\n", 1)
        (home.data / "postmaster.pid").write_text(f"{stranger.pid}\n{lines[1]}")

        assert server.pid() is None
        assert server.start() is True
        stranger.kill()

    assert server.answers()


def test_the_last_to_leave_stops_it_and_nobody_earlier(home: Home) -> None:
    home.prepare()
    first, second = user(home), user(home)
    server = Server(home)

    leave(first)
    assert server.answers()
    leave(second)

    assert server.pid() is None


def test_a_user_that_was_killed_leaves_it_to_the_next(home: Home) -> None:
    home.prepare()
    killed = user(home)
    killed.kill()
    killed.communicate()
    server = Server(home)
    assert server.answers()

    leave(user(home))

    assert server.pid() is None


def test_two_that_begin_together_make_one_server_and_one_set_of_secrets(home: Home) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(user, [home, home])

    pid = Server(home).pid()
    leave(first)
    assert Server(home).pid() == pid
    leave(second)


def test_secrets_and_port_are_made_once_however_many_ask(home: Home) -> None:
    home.prepare()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: (Home(home.path).secrets(), Home(home.path).port()), range(8)))

    assert all(each == found[0] for each in found)
    assert (home.path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_port_that_somebody_took_is_replaced(server: Server, home: Home) -> None:
    server.stop()
    before = home.port()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", before))
        taken.listen()

        assert server.start() is True

    assert home.port() != before
    assert server.answers()


def test_a_command_follows_a_server_whose_port_was_replaced(server: Server, home: Home) -> None:
    server.stop()
    before = home.port()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", before))
        taken.listen()

        done = subprocess.run(
            [sys.executable, "manage.py", "setup_databases"], cwd=settings.BASE_DIR, capture_output=True, text=True,
            env={"PATH": os.defpath, "CHIRON_HOME": str(home.path)}, check=False,
        )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert home.port() != before


def test_an_initialisation_that_was_killed_is_begun_anew(home: Home) -> None:
    home.prepare()
    half = home.data.with_suffix(".new")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    assert Server(home).start() is True
    assert not half.exists()


def test_another_postgres_under_an_old_number_is_not_ours(server: Server, home: Home) -> None:
    pid = server.pid()
    other = Home(home.path.parent / "other")
    other.data.mkdir(parents=True)
    (other.data / "postmaster.pid").write_text(f"{pid}\n")

    assert Server(other).pid() is None


def test_a_folder_that_is_somebodys_link_is_refused(home: Home) -> None:
    home.prepare()
    (home.path / "elsewhere").mkdir()
    home.sockets.symlink_to(home.path / "elsewhere")

    with pytest.raises(ServerRefused, match="belongs to somebody else"):
        Server(home).start()


def test_a_folder_of_another_version_is_left_alone(home: Home) -> None:
    home.prepare()
    home.data.mkdir(parents=True)
    (home.data / "PG_VERSION").write_text("15\n")

    with pytest.raises(ServerRefused, match=r"made by PostgreSQL 15, this is 18: dump it .* another --data-dir"):
        Server(home).start()

    assert [path.name for path in home.data.iterdir()] == ["PG_VERSION"]


def test_a_server_of_other_secrets_is_left_stopped_with_what_to_do(home: Home, server: Server) -> None:
    server.stop()
    known = home.path / "secrets.json"
    known.write_text(json.dumps(home.secrets() | {"POSTGRES_PASSWORD": "another"}))

    with pytest.raises(ServerRefused, match=rf"another secrets.json than {known}: .* move {home.path}/postgres away"):
        server.start()

    assert server.pid() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives its privileges up")
def test_root_is_told_of_a_folder_that_the_server_cannot_reach(home: Home) -> None:
    home.path.parent.chmod(0o700)

    with pytest.raises(ServerRefused, match=r"cannot pass .*: choose a --data-dir .* such as /var/lib/chiron"):
        Server(home).start()

    assert not home.data.exists()


def test_a_folder_that_cannot_be_made_is_named(home: Home) -> None:
    (home.path.parent / "file").write_text("a file where the folder should be")

    with pytest.raises(ServerRefused, match=r"cannot be made or written \(Not a directory\): choose another --data"):
        Home(home.path.parent / "file" / "home").prepare()


@contextmanager
def somebody_else() -> Iterator[None]:
    """Not root, to whom every folder is open."""
    before = os.geteuid()
    os.seteuid(pwd.getpwnam("nobody").pw_uid if before == 0 else before)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_folder_that_cannot_be_written_is_named(home: Home) -> None:
    home.path.parent.chmod(0o555)

    with somebody_else(), pytest.raises(ServerRefused, match=rf"{home.path} cannot .* \(Permission denied\)"):
        home.prepare()

    home.path.parent.chmod(0o755)
    assert not home.path.exists()


def test_a_folder_of_somebody_else_is_named(home: Home) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder for somebody else")
    home.path.mkdir(mode=0o755)

    with somebody_else(), pytest.raises(ServerRefused, match=rf"{home.path} cannot .* \(Operation not permitted\)"):
        home.prepare()

    assert list(home.path.iterdir()) == []


def test_what_is_made_once_outlives_a_power_cut(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's content and then its name in the folder are on disk before anybody uses them."""
    home.prepare()
    on_disk: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda file: on_disk.append(os.readlink(f"/proc/self/fd/{file}")))

    home.secrets()

    assert on_disk == [str(home.path / "secrets.new"), str(home.path)]


def test_its_socket_lies_where_everybody_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    long = Home(Path("/" + "long" * 30))
    before = long.sockets
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)

    assert long.sockets == before
    assert len(str(before)) < LONGEST_SOCKET_FOLDER


def test_a_long_path_has_its_socket_elsewhere(home: Home) -> None:
    deep = Home(home.path / ("long" * 20) / "home")
    deep.path.parent.mkdir(parents=True)
    for folder in (home.path, deep.path.parent):
        folder.chmod(0o755)

    with using(deep) as server:
        assert server.answers()
        assert deep.sockets.name.startswith("chiron-")
        assert deep.sockets.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(deep.sockets, ignore_errors=True)


def test_a_narrow_umask_does_not_lock_it_out(home: Home) -> None:
    before = os.umask(0o077)
    try:
        with using(home) as server:
            assert server.answers()
    finally:
        os.umask(before)


def reaches_python(uid: int) -> bool:
    try:
        tried = subprocess.run([sys.executable, "-c", "pass"], user=uid, check=False, capture_output=True)
    except PermissionError:
        return False
    return tried.returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="is the ordinary case already")
def test_an_ordinary_user_runs_it_under_the_own_account(home: Home) -> None:
    nobody = pwd.getpwnam("nobody")
    if not reaches_python(nobody.pw_uid):
        pytest.skip("this Python lies in a folder that only root reaches")
    home.path.mkdir()
    os.chown(home.path, nobody.pw_uid, nobody.pw_gid)

    done = subprocess.run(
        [sys.executable, "-c", USER, str(home.path)], cwd=settings.BASE_DIR, input="leave\n", text=True,
        capture_output=True, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], check=False,
        env={"PATH": os.defpath, "HOME": str(home.path)},
    )  # fmt: skip

    assert (done.stdout, done.returncode) == ("in\nout\n", 0), done.stderr
    assert home.data.stat().st_uid == nobody.pw_uid


def test_its_settings_are_durable_and_its_log_is_bounded_and_tells_no_values(server: Server) -> None:
    wanted = {
        "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on",
        "password_encryption": "scram-sha-256", "listen_addresses": "127.0.0.1", "max_locks_per_transaction": "512",
        "log_truncate_on_rotation": "on", "log_filename": "postgresql-%a.log", "log_rotation_age": "1440",
        "log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0", "log_min_error_statement": "panic",
        "log_min_messages": "log",
    }  # fmt: skip
    with server.connect() as connection:
        found = connection.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(wanted)])
        assert {row[0]: row[1] for row in found.fetchall()} == wanted
        with suppress(psycopg.errors.DataError):
            connection.execute("SELECT %s::int", ["Kofi Mensah"])
    said = "".join(path.read_text() for path in (server.home.data / "log").iterdir())
    assert "Kofi" not in said


def test_without_its_password_nobody_gets_in(server: Server) -> None:
    where = {"host": "127.0.0.1", "port": server.home.port(), "user": "chiron_superuser", "dbname": "postgres"}

    with pytest.raises(psycopg.OperationalError, match=r"password authentication failed|no password supplied"):
        psycopg.connect(**where, password="guess").close()  # type: ignore[arg-type]
