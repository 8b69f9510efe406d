"""What other apps may use of the vault."""

from chiron.vault.blind import exact_index, matches, name_tokens, search_tokens
from chiron.vault.errors import KeyDestroyed, OpeningFailed
from chiron.vault.keyring import create_organization_key, forget_keys, remove_keys
from chiron.vault.legacy import open_legacy
from chiron.vault.master import master_key
from chiron.vault.parts import OVERHEAD, PartsSafe
from chiron.vault.rotation import (
    Turned,
    Unfinished,
    Watch,
    organization_keys_by_master,
    rewrap_organization_keys,
    turn_organization,
    turn_patients,
    unfinished,
)
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
from chiron.vault.status import KeyState, key_states

__all__ = [
    "JSON",
    "OVERHEAD",
    "KeyDestroyed",
    "KeyState",
    "OpeningFailed",
    "PartsSafe",
    "Safe",
    "Turned",
    "Unfinished",
    "Watch",
    "archive_safe",
    "create_organization_key",
    "exact_index",
    "folded",
    "forget_keys",
    "key_states",
    "master_key",
    "matches",
    "name_tokens",
    "new_patient_safe",
    "new_patient_safes",
    "open_legacy",
    "organization_keys_by_master",
    "organization_safe",
    "patient_safe",
    "patient_safes",
    "platform_safe",
    "remove_keys",
    "rewrap_organization_keys",
    "search_tokens",
    "turn_organization",
    "turn_patients",
    "unfinished",
]
