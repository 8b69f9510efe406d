"""PgBouncer in transaction mode, where it is installed (Debian: `apt-get install pgbouncer`)."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.conf import settings

from tests.waiting import until

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
MISSING = "PgBouncer is not installed (Debian: apt-get install pgbouncer)"
CONFIGURATION = """
[databases]
{databases}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
server_reset_query_always = 0
max_client_conn = 200
"""


@contextmanager
def pooling(size: int) -> Iterator[int]:
    """A pooler with so many connections to each of this worker's databases; gives its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="chiron-pooler-"))
    file = folder / "pgbouncer.ini"
    file.touch(mode=0o600)
    file.write_text(CONFIGURATION.format(databases=_databases(), port=port, size=size))
    if account:
        for path in (folder, file):
            os.chown(path, account.pw_uid, account.pw_gid)
    user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    assert PROGRAM
    process = subprocess.Popen([PROGRAM, "-q", str(file)], stderr=subprocess.DEVNULL, **user)  # type: ignore[call-overload]
    try:
        until(lambda: _answers(port))
        yield port
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def _databases() -> str:
    """Each with the runtime login, whatever name a client comes under; over TCP, since another account runs this."""
    lines = [
        f"{login['NAME']} = host=127.0.0.1 port={login['PORT']} dbname={login['NAME']} user={login['USER']}"
        f" password={login['PASSWORD']}"
        for alias, login in settings.DATABASES.items()
        if alias != "default"
    ]
    return "\n".join(lines)


def _answers(port: int) -> bool:
    name = settings.DATABASES["clinical"]["NAME"]
    try:
        psycopg.connect(host="127.0.0.1", port=port, dbname=name, user="anybody", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
