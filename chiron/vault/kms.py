"""The master key at AWS KMS: it never leaves the service, which wraps and unwraps the keys of organizations."""

import time
from functools import cached_property
from hashlib import sha256
from typing import Any
from uuid import UUID

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from chiron.kernel.log import logger
from chiron.vault.envelope import MAGIC, VERSION
from chiron.vault.errors import MasterKeyUnavailable, OpeningFailed

SECONDS_TO_CONNECT, SECONDS_TO_ANSWER, ATTEMPTS = 2, 3, 2
BELIEVED_DOWN = 1.0
"""Seconds for which a service that did not answer is not asked again: one request may need it more than once."""
NOT_OURS = {"InvalidCiphertextException", "IncorrectKeyException"}
BEGINNING = 18


class KmsMasterKey:
    """A symmetric key of AWS KMS, by id, ARN or alias; credentials and region are found as boto3 finds them.

    A wrapped key is ``magic | version | id | KMS's ciphertext``; its place is the encryption context, so that KMS
    itself refuses to unwrap it elsewhere, and its log says whose key was opened. Every call ends within ten seconds.
    """

    def __init__(self, name: str, endpoint: str = "") -> None:
        self._name, self._endpoint = name, endpoint
        self._down_until = 0.0

    @cached_property
    def id(self) -> UUID:
        """Derived from the key's ARN, whichever name it was given by. Raises `MasterKeyUnavailable`."""
        arn = self._call("encrypt", KeyId=self._name, Plaintext=b"id", EncryptionContext=_context(b"id"))["KeyId"]
        return UUID(bytes=sha256(f"aws kms {arn}".encode()).digest()[:16])

    def wrap(self, key: bytes, at: bytes) -> bytes:
        """Raises `MasterKeyUnavailable`."""
        answer = self._call("encrypt", KeyId=self._name, Plaintext=key, EncryptionContext=_context(at))
        return bytes((MAGIC, VERSION)) + self.id.bytes + bytes(answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, at: bytes) -> bytes:
        """Raises `OpeningFailed` for another place or a changed byte, `MasterKeyUnavailable`."""
        blob = wrapped[BEGINNING:]
        return bytes(
            self._call("decrypt", KeyId=self._name, CiphertextBlob=blob, EncryptionContext=_context(at))["Plaintext"]
        )

    @cached_property
    def _client(self) -> Any:
        retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
        patience = Config(connect_timeout=SECONDS_TO_CONNECT, read_timeout=SECONDS_TO_ANSWER, retries=retries)
        return boto3.client("kms", endpoint_url=self._endpoint or None, config=patience)

    def _call(self, what: str, **asked: Any) -> Any:
        if time.monotonic() < self._down_until:
            raise MasterKeyUnavailable
        try:
            return getattr(self._client, what)(**asked)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in NOT_OURS:
                raise OpeningFailed from None
            raise self._unavailable(code) from None
        except BotoCoreError as error:
            raise self._unavailable(type(error).__name__) from None

    def _unavailable(self, reason: str) -> MasterKeyUnavailable:
        self._down_until = time.monotonic() + BELIEVED_DOWN
        logger.error("master_key_unavailable", reason=reason)
        return MasterKeyUnavailable(reason)


def _context(at: bytes) -> dict[str, str]:
    return {"chiron": "organization key", "place": at.hex()}
