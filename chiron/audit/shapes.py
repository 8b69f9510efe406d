"""Proofs as documents. The stand-alone verifier reads exactly these, so they change only with their `format`."""

from base64 import b64encode
from hashlib import sha256
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from chiron.audit.canonical import instant
from chiron.audit.heads import SignedHead
from chiron.audit.models import Event
from chiron.audit.proofs import Extension, Proof
from chiron.audit.signing import published_key


class HeadShape(BaseModel):
    trail: UUID = Field(description="The organization; zeros for the platform.")
    size: int = Field(description="How many events the tree holds.")
    root: str = Field(description="Its root, in hexadecimal.")
    previous: str = Field(description="The digest of the head before.")
    at: str = Field(description="When it was signed, in UTC.")
    signature: str = Field(description="Ed25519, in base64.")

    @classmethod
    def of(cls, head: SignedHead) -> "HeadShape":
        return cls(
            trail=head.trail,
            size=head.size,
            root=head.root.hex(),
            previous=head.previous.hex(),
            at=instant(head.at),
            signature=b64encode(head.signature).decode(),
        )


class ExtensionShape(BaseModel):
    size: int = Field(description="The size of the older tree.")
    root: str = Field(description="Its root, in hexadecimal.")
    path: list[str] = Field(description="The consistency proof of RFC 6962, section 2.1.2.")

    @classmethod
    def of(cls, extension: Extension) -> "ExtensionShape":
        return cls(size=extension.size, root=extension.root.hex(), path=[each.hex() for each in extension.path])


class SealedEvent(BaseModel):
    """What of an event went into its leaf; what it says beyond that takes part as a digest of its ciphertext."""

    id: UUID
    at: str
    organization_id: UUID | None
    account_id: UUID | None
    on_behalf_of: UUID | None
    session_id: UUID | None
    roles: list[str]
    action: str
    resource: str
    resource_id: UUID | None
    subjects: list[UUID]
    purpose: str
    outcome: str
    request_id: str
    payload_sha256: str | None = Field(description="The digest of the sealed payload, or null where there is none.")
    mac: str = Field(description="The code by which Chiron recognizes its own events.")

    @classmethod
    def of(cls, event: Event) -> "SealedEvent":
        copied = {name: getattr(event, name) for name in cls.model_fields if hasattr(event, name)}
        digest = None if event.payload is None else sha256(event.payload).hexdigest()
        return cls(**copied | {"at": instant(event.at), "payload_sha256": digest, "mac": bytes(event.mac).hex()})


class HeadEnvelope(BaseModel):
    format: Literal["chiron.audit.head.v1"] = "chiron.audit.head.v1"
    public_key: str = Field(description="Ed25519, in base64. Take the key you trust from elsewhere.")
    head: HeadShape | None = Field(description="Null where nothing is sealed yet.")
    extends: ExtensionShape | None

    @classmethod
    def of(cls, head: SignedHead | None, extension: Extension | None) -> "HeadEnvelope":
        return cls(
            public_key=published_key(),
            head=HeadShape.of(head) if head else None,
            extends=ExtensionShape.of(extension) if extension else None,
        )


class ProofEnvelope(BaseModel):
    format: Literal["chiron.audit.proof.v1"] = "chiron.audit.proof.v1"
    public_key: str = Field(description="Ed25519, in base64. Take the key you trust from elsewhere.")
    head: HeadShape
    extends: ExtensionShape | None
    event: SealedEvent
    seq: int = Field(description="The event's place in the tree, from 0.")
    path: list[str] = Field(description="The inclusion proof of RFC 6962, section 2.1.1.")

    @classmethod
    def of(cls, proof: Proof) -> "ProofEnvelope":
        return cls(
            public_key=published_key(),
            head=HeadShape.of(proof.head),
            extends=ExtensionShape.of(proof.extension) if proof.extension else None,
            event=SealedEvent.of(proof.event),
            seq=proof.seq,
            path=[each.hex() for each in proof.path],
        )
