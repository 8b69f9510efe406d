"""CHIRON_HOME: the folder in which an installation without configuration keeps its data and its secrets."""

import base64
import fcntl
import hashlib
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST_SOCKET_FOLDER = 80


class ServerRefused(Exception):
    """The embedded server cannot be used as things are; the text says what to do."""


class Home:
    """One installation's folder (0700): the server's data, its binaries when root, the secrets, the logs."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()

    @classmethod
    def named(cls, path: str) -> "Home":
        """That folder; where none is named ``~/.chiron``, and ``/var/lib/chiron`` for root."""
        return cls(Path(path or ("/var/lib/chiron" if os.geteuid() == 0 else "~/.chiron")))

    @property
    def data(self) -> Path:
        return self.path / "postgres" / "data"

    @property
    def sockets(self) -> Path:
        """Where the server's socket lies: beside the data, or in a folder of its own when that path is too long.

        It depends on nothing but the path: two processes with different TMPDIR must find the same server.
        """
        beside = self.path / "postgres"
        if len(str(beside)) <= LONGEST_SOCKET_FOLDER:
            return beside
        digest = hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
        return Path("/tmp") / f"chiron-{digest}"  # noqa: S108  the server refuses it if it is somebody else's

    def prepare(self) -> None:
        """Make the folder. Root's is traversable, since its server runs under another account. Raises ServerRefused."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o755)
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        except OSError as error:
            raise ServerRefused(
                f"{self.path} cannot be made or written ({error.strerror}): choose another --data-dir (or CHIRON_HOME)."
            ) from None

    def secrets(self) -> dict[str, str]:
        """Keys and passwords of this installation, made once; two processes starting together agree on them."""
        return self._once("secrets.json", _new_secrets)

    def port(self) -> int:
        """The TCP port of the server on 127.0.0.1, chosen free when first asked for."""
        return int(self._once("port.json", lambda: {"port": str(_free_port())})["port"])

    def have_a_free_port(self) -> None:
        """Choose another port where a program unknown to us has taken ours meanwhile; only while no server runs."""
        if not _is_free(self.port()):
            _write_private(self.path / "port.json", json.dumps({"port": str(_free_port())}))

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Alone among all processes of this installation while the block runs."""
        self.prepare()
        with (self.path / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _once(self, name: str, make: object) -> dict[str, str]:
        path = self.path / name
        if not path.exists():
            with self.locked(name):
                if not path.exists():
                    _write_private(path, json.dumps(make(), indent=1))  # type: ignore[operator]
        content: dict[str, str] = json.loads(path.read_text())
        return content


def _write_private(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the file is there after a power cut, not only its content
    finally:
        os.close(folder)


def _new_secrets() -> dict[str, str]:
    def key() -> str:
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()

    names = ("MASTER_ENCRYPTION_KEY", "AUDIT_SIGNING_KEY", "JWT_SIGNING_KEY", "JWT_REFRESH_SECRET_KEY")
    return {name: key() for name in names} | {
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "POSTGRES_PASSWORD": secrets.token_urlsafe(32),
    }


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
