"""Storages on this machine, by port."""

import socket
from typing import Any

ACCOUNT = "devstoreaccount1"  # Azurite's own, with its published key
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def s3(port: int) -> dict[str, Any]:
    """A bucket of whatever answers at that port."""
    options = {
        "bucket_name": "sealed",
        "location": "files",
        "endpoint_url": f"http://127.0.0.1:{port}",
        "access_key": "a",
        "secret_key": "b",
        "region_name": "us-east-1",
    }
    return {"BACKEND": "chiron.files.backends.s3.Bucket", "OPTIONS": options}


def azure(port: int) -> dict[str, Any]:
    """A container of whatever answers at that port."""
    said = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
    options = {"azure_container": "sealed", "location": "files"}
    return {
        "BACKEND": "chiron.files.backends.azure.Container",
        "OPTIONS": options | {"connection_string": f"DefaultEndpointsProtocol=http;{said}"},
    }


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
