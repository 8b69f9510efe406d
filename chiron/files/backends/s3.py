"""Parts in a bucket: Amazon S3, or whatever speaks its protocol."""

from typing import Any, ClassVar

from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from storages.backends.s3 import S3Storage  # type: ignore[import-untyped]
from typing_extensions import override

SECONDS_TO_CONNECT, SECONDS_TO_ANSWER, ATTEMPTS = 2, 3, 2


class Bucket(S3Storage):  # type: ignore[misc]
    """django-storages' S3, which gives up within ten seconds and starts no threads. Credentials are found as boto3
    finds them: in its environment, its files, or the machine's role.
    """

    faults: ClassVar[tuple[type[Exception], ...]] = (BotoCoreError, ClientError, Boto3Error)

    @override
    def get_default_settings(self) -> dict[str, Any]:
        retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
        patience = Config(
            connect_timeout=SECONDS_TO_CONNECT,
            read_timeout=SECONDS_TO_ANSWER,
            retries=retries,
            signature_version="s3v4",
        )
        transfers = TransferConfig(use_threads=False, num_download_attempts=1)
        ours = {"client_config": patience, "transfer_config": transfers, "file_overwrite": True}
        return {**super().get_default_settings(), **ours}
