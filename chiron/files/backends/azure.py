"""Parts in a container of Azure's blob storage."""

from typing import Any, ClassVar

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, LinearRetry
from storages.backends.azure_storage import AzureStorage  # type: ignore[import-untyped]
from typing_extensions import override

SECONDS_TO_CONNECT, SECONDS_TO_ANSWER = 2, 3


class Container(AzureStorage):  # type: ignore[misc]
    """django-storages' Azure, which gives up within ten seconds."""

    missing: ClassVar[tuple[type[Exception], ...]] = (ResourceNotFoundError,)
    faults: ClassVar[tuple[type[Exception], ...]] = (AzureError,)

    @override
    def get_default_settings(self) -> dict[str, Any]:
        patience = {
            "connection_timeout": SECONDS_TO_CONNECT,
            "read_timeout": SECONDS_TO_ANSWER,
            "retry_policy": LinearRetry(backoff=1, retry_total=1),
        }
        ours = {"client_options": patience, "overwrite_files": True, "timeout": SECONDS_TO_ANSWER}
        return {**super().get_default_settings(), **ours, "max_memory_size": 8 * 2**20}

    def _get_service_client(self) -> BlobServiceClient:
        """Its parent forgets the options where the account is given by a connection string."""
        if self.connection_string:
            return BlobServiceClient.from_connection_string(self.connection_string, **self.client_options)
        client: BlobServiceClient = super()._get_service_client()
        return client

    @override
    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Folders and files right below a path; its parent knows no folders, and names objects in full."""
        above = f"{self._get_valid_path(path)}/"
        below = [name.removeprefix(above).partition("/") for name in self.list_all(path)]
        folders = dict.fromkeys(name for name, slash, _ in below if slash)
        return list(folders), [name for name, slash, _ in below if not slash]
