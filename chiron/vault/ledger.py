"""The ledger of erasures: what was destroyed for good, in lines that nobody can forge, reorder or leave out unnoticed.

Each line names the digest of the line before and is signed with an Ed25519 key that HKDF derives from
`AUDIT_SIGNING_KEY`: whoever can write a file must not be able to have patients erased by it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from chiron.kernel.db import ACCOUNTS, atomic, on_commit, take_turns
from chiron.vault import ledger_copy
from chiron.vault.envelope import derived, place
from chiron.vault.errors import LedgerBehind, LedgerBroken
from chiron.vault.models import Erasure

BEGINNING = bytes(32)
TURN = "ledger of erasures"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. Without a patient the whole organization was erased; `account_id` is the account the patient had."""

    seq: int
    organization_id: UUID
    patient_id: UUID | None
    account_id: UUID | None
    erased_by: UUID | None
    at: datetime
    previous: bytes
    signature: bytes = b""

    @property
    def said(self) -> bytes:
        """What is signed: everything but the signature, in its only form."""
        ids = [each or "" for each in (self.organization_id, self.patient_id, self.account_id, self.erased_by)]
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return place("erasure", self.seq, *ids, at, self.previous.hex())

    @property
    def digest(self) -> bytes:
        """What the next line names as the one before."""
        return sha256(self.said).digest()


def enter(
    *, organization_id: UUID, patient_id: UUID | None, account_id: UUID | None, by: UUID | None, now: datetime
) -> Entry:
    """Write the next line, in the transaction that destroys the keys. An erasure that is in it already stays as it is.

    Raises LedgerBehind where the copy has lines that the database lacks.
    """
    with atomic(ACCOUNTS):
        take_turns(ACCOUNTS, TURN)
        kept = list(entries())
        for entry in kept:
            if (entry.organization_id, entry.patient_id) == (organization_id, patient_id):
                return entry
        if ledger_copy.length() > len(kept):
            raise LedgerBehind
        previous = kept[-1].digest if kept else BEGINNING
        line = Entry(len(kept) + 1, organization_id, patient_id, account_id, by, now, previous)
        line = replace(line, signature=_signer().sign(line.said))
        _insert([line])
    return line


def entries() -> Iterator[Entry]:
    """The lines that the database has, in order."""
    for row in Erasure.objects.order_by("seq").iterator():
        yield Entry(
            row.seq, row.organization_id, row.patient_id, row.account_id, row.erased_by, row.at,
            bytes(row.previous), bytes(row.signature),
        )  # fmt: skip


def reconcile() -> int:
    """Give the database the lines that only the copy has, and the copy those that only the database has.

    How many the database lacked: more than none after an older backup of `accounts` was restored. Raises LedgerBroken
    where a line is not ours or the two differ, OSError where the copy cannot be written.
    """
    with atomic(ACCOUNTS):
        take_turns(ACCOUNTS, TURN)
        kept, copied = _proven(entries()), _proven(_copied())
        both = min(len(kept), len(copied))
        if kept[:both] != copied[:both]:
            raise LedgerBroken
        _insert(copied[both:])
    copy_out()
    return len(copied) - both


def is_whole() -> bool:
    """Whether the database has every line of the copy. Raises LedgerBroken, as `reconcile` does."""
    kept, copied = _proven(entries()), _proven(_copied())
    both = min(len(kept), len(copied))
    if kept[:both] != copied[:both]:
        raise LedgerBroken
    return len(copied) <= len(kept)


def copy_out() -> None:
    """Append to the copy what it lacks, once the present transaction commits: a line that never was must not be copied.

    Safe to repeat, and in several processes at once. Raises OSError.
    """
    on_commit(
        ACCOUNTS, lambda: ledger_copy.append(lambda known: [_line(each) for each in entries() if each.seq > known])
    )


def _proven(lines: Iterable[Entry]) -> list[Entry]:
    previous, proven = BEGINNING, list[Entry]()
    key = _signer().public_key()
    for number, line in enumerate(lines, 1):
        try:
            key.verify(line.signature, line.said)
        except InvalidSignature:
            raise LedgerBroken from None
        if (line.seq, line.previous) != (number, previous):
            raise LedgerBroken
        previous = line.digest
        proven.append(line)
    return proven


def _insert(lines: Iterable[Entry]) -> None:
    names = list(Entry.__dataclass_fields__)
    Erasure.objects.bulk_create([Erasure(**{name: getattr(line, name) for name in names}) for line in lines])


def _line(entry: Entry) -> dict[str, object]:
    return {
        "seq": entry.seq,
        "organization_id": str(entry.organization_id),
        "patient_id": _text(entry.patient_id),
        "account_id": _text(entry.account_id),
        "erased_by": _text(entry.erased_by),
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "previous": entry.previous.hex(),
        "signature": entry.signature.hex(),
    }


def _copied() -> Iterator[Entry]:
    for line in ledger_copy.lines():
        try:
            yield Entry(
                int(line["seq"]), UUID(line["organization_id"]), _id(line["patient_id"]), _id(line["account_id"]),
                _id(line["erased_by"]), datetime.fromisoformat(line["at"]), bytes.fromhex(line["previous"]),
                bytes.fromhex(line["signature"]),
            )  # fmt: skip
        except (KeyError, ValueError, TypeError, AttributeError):
            raise LedgerBroken from None


def _text(id: UUID | None) -> str | None:
    return str(id) if id else None


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _signer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(derived(settings.AUDIT_SIGNING_KEY.encode(), "ledger of erasures"))
