"""What other apps may use of the vault."""

from chiron.vault.blind import exact_index, matches, name_tokens, search_tokens
from chiron.vault.errors import KeyDestroyed, OpeningFailed
from chiron.vault.keyring import create_organization_key, forget_keys, remove_keys
from chiron.vault.legacy import open_legacy
from chiron.vault.parts import OVERHEAD, PartsSafe
from chiron.vault.rules import folded
from chiron.vault.safes import (
    JSON,
    Safe,
    archive_safe,
    new_patient_safe,
    new_patient_safes,
    organization_safe,
    patient_safe,
    patient_safes,
    platform_safe,
)

__all__ = [
    "JSON",
    "OVERHEAD",
    "KeyDestroyed",
    "OpeningFailed",
    "PartsSafe",
    "Safe",
    "archive_safe",
    "create_organization_key",
    "exact_index",
    "folded",
    "forget_keys",
    "matches",
    "name_tokens",
    "new_patient_safe",
    "new_patient_safes",
    "open_legacy",
    "organization_safe",
    "patient_safe",
    "patient_safes",
    "platform_safe",
    "remove_keys",
    "search_tokens",
]
