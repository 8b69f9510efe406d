"""A KMS of our own, reached over HTTP, which may be stopped and started again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer

from chiron.files.tests.stores import free_port

NOBODY = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}


class Kms:
    """Where it answers, and the id of a key there; its keys outlive a stop."""

    def __init__(self) -> None:
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.start()
        self.key_id = self.new_key()

    def start(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def new_key(self) -> str:
        client: Any = boto3.client("kms", endpoint_url=self.endpoint)
        return str(client.create_key()["KeyMetadata"]["KeyId"])

    @property
    def environment(self) -> dict[str, str]:
        return {**NOBODY, "KMS_KEY_ID": self.key_id, "KMS_ENDPOINT_URL": self.endpoint}


@contextmanager
def kms_running() -> Iterator[Kms]:
    with pytest.MonkeyPatch.context() as patched:
        for name, value in NOBODY.items():
            patched.setenv(name, value)
        kms = Kms()
        try:
            yield kms
        finally:
            kms.stop()
