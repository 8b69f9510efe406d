"""What other apps may use of the vault."""

from chiron.vault.blind import exact_index, matches, name_tokens, search_tokens
from chiron.vault.envelope import key_id_of
from chiron.vault.errors import KeyDestroyed, LedgerBehind, LedgerBroken, OpeningFailed
from chiron.vault.keyring import count_keys, create_organization_key, forget_keys, remove_keys
from chiron.vault.ledger import Entry, copy_out
from chiron.vault.ledger_copy import length as copied_lines
from chiron.vault.legacy import open_legacy
from chiron.vault.master import master_key, master_keys
from chiron.vault.opening import Opener
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
    archive_patient_safes,
    archive_safe,
    new_patient_safe,
    new_patient_safes,
    organization_safe,
    patient_safe,
    patient_safes,
    platform_safe,
)
from chiron.vault.shredding import (
    destroy_again,
    destroy_organization_keys,
    destroy_patient_key,
    erased_organizations,
    erased_patients,
    keys_are_destroyed,
)
from chiron.vault.standing import KeysInMotion, keys_at_rest, let_stand_again
from chiron.vault.status import KeyState, key_states

__all__ = [
    "JSON",
    "OVERHEAD",
    "Entry",
    "KeyDestroyed",
    "KeyState",
    "KeysInMotion",
    "LedgerBehind",
    "LedgerBroken",
    "Opener",
    "OpeningFailed",
    "PartsSafe",
    "Safe",
    "Turned",
    "Unfinished",
    "Watch",
    "archive_patient_safes",
    "archive_safe",
    "copied_lines",
    "copy_out",
    "count_keys",
    "create_organization_key",
    "destroy_again",
    "destroy_organization_keys",
    "destroy_patient_key",
    "erased_organizations",
    "erased_patients",
    "exact_index",
    "folded",
    "forget_keys",
    "key_id_of",
    "key_states",
    "keys_at_rest",
    "master_key",
    "master_keys",
    "keys_are_destroyed",
    "let_stand_again",
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
