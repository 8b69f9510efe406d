"""Copies of heads in a bucket with object lock: write-once by the store's own rule, out of reach of this server.

Each copy is an object of its own, `<trail>/<size>-<digest>.json`, put only where there is none, and locked until its
retention ends. Its name tells what it is a copy of, so a verification lists a bucket and opens only what contradicts.
Every version is listed, those too that somebody hid behind a deletion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.conf import settings

from chiron.audit.copies import UnreadableCopy, line_of, read_line
from chiron.audit.heads import SignedHead

SECONDS_TO_CONNECT, SECONDS_TO_ANSWER, ATTEMPTS = 2, 3, 2
EXISTS = 412


class OutOfReach(Exception):
    """The bucket does not answer, or not to us."""


class NotLocked(OutOfReach):
    """The bucket has no object lock: what lies in it can be taken back."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy says of itself by its name, and `open`, which reads it. `hidden` where it was deleted since."""

    size: int
    digest: bytes
    hidden: bool
    open: Callable[[], SignedHead | UnreadableCopy]


@dataclass
class Bucket:
    """The bucket that the settings name. All its methods raise OutOfReach, within ten seconds."""

    name: str
    endpoint: str | None
    mode: str
    retention: timedelta
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        patience = Config(
            connect_timeout=SECONDS_TO_CONNECT,
            read_timeout=SECONDS_TO_ANSWER,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            signature_version="s3v4",
        )
        self.client = boto3.client("s3", endpoint_url=self.endpoint, config=patience)

    def keep(self, trail_name: str, head: SignedHead, now: datetime) -> None:
        """Put a copy where there is none; it cannot be changed or removed before its retention ends."""
        try:
            self.client.put_object(
                Bucket=self.name,
                Key=f"{trail_name}/{head.size:020}-{head.digest.hex()}.json",
                Body=line_of(head),
                IfNoneMatch="*",
                ObjectLockMode=self.mode,
                ObjectLockRetainUntilDate=now + self.retention,
            )
        except ClientError as error:
            if error.response["ResponseMetadata"].get("HTTPStatusCode") != EXISTS:
                raise OutOfReach(type(error).__name__) from None
        except BotoCoreError as error:
            raise OutOfReach(type(error).__name__) from None

    def copies(self, trail_name: str) -> Iterator[Copy | UnreadableCopy]:
        """Every version of every copy of a trail's heads, in the order of their sizes."""
        try:
            pages = self.client.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=self.name, Prefix=f"{trail_name}/"):
                hidden = {marker["Key"] for marker in page.get("DeleteMarkers", [])}
                yield from (self._copy(each, hidden) for each in page.get("Versions", []))
        except (BotoCoreError, ClientError) as error:
            raise OutOfReach(type(error).__name__) from None

    def check(self) -> None:
        """Raises NotLocked where what is put there could be taken back."""
        try:
            told = self.client.get_object_lock_configuration(Bucket=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ObjectLockConfigurationNotFoundError":
                raise NotLocked from None
            raise OutOfReach(type(error).__name__) from None
        except BotoCoreError as error:
            raise OutOfReach(type(error).__name__) from None
        if told["ObjectLockConfiguration"].get("ObjectLockEnabled") != "Enabled":
            raise NotLocked

    def _copy(self, version: dict[str, Any], hidden: set[str]) -> Copy | UnreadableCopy:
        key = version["Key"]
        size, _, digest = key.rpartition("/")[2].removesuffix(".json").partition("-")
        try:
            opened = partial(self._open, key, version["VersionId"])
            return Copy(int(size), bytes.fromhex(digest), key in hidden, opened)
        except ValueError:
            return UnreadableCopy("an object whose name is none of a head")

    def _open(self, key: str, version: str) -> SignedHead | UnreadableCopy:
        try:
            body = self.client.get_object(Bucket=self.name, Key=key, VersionId=version)["Body"].read(10_000)
        except (BotoCoreError, ClientError) as error:
            raise OutOfReach(type(error).__name__) from None
        return read_line(body, "an object")


def bucket() -> Bucket | None:
    """The bucket for copies of heads, or None where the settings name none."""
    if not settings.AUDIT_HEADS_BUCKET:
        return None
    return Bucket(
        name=settings.AUDIT_HEADS_BUCKET,
        endpoint=settings.AUDIT_HEADS_ENDPOINT_URL or None,
        mode=settings.AUDIT_HEADS_LOCK_MODE,
        retention=timedelta(days=settings.AUDIT_HEADS_RETENTION_DAYS),
    )
