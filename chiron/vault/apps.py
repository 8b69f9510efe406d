from django.apps import AppConfig
from typing_extensions import override


class Vault(AppConfig):
    """Refuses to start without a master key that serves: a process that could not open anything must not serve."""

    name = "chiron.vault"
    label = "vault"
    databases = ("accounts",)

    @override
    def ready(self) -> None:
        from chiron.vault.master import prove_master_key

        prove_master_key()
