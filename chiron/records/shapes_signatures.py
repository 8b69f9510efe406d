"""Signatures as the API shows them, and what is added to a signed record."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from chiron.kernel.schemas import Body
from chiron.records.models import Signature
from chiron.records.shapes import AuthorOut
from chiron.records.signatures import Verified
from chiron.records.words import Verdict


class NewAddendum(Body):
    content: str = Field(min_length=1, max_length=50_000, examples=["It was the left ear."])


class SignatureOut(BaseModel):
    record_id: UUID
    version: int = Field(description="The version that was signed.")
    signed_at: datetime
    signer: AuthorOut
    digest: str = Field(description="HMAC-SHA256 of all that the version says, hexadecimal; its key is sealed.")
    key_id: str = Field(description="Which Ed25519 key of the organization signed.")
    proof: str = Field(description="The Ed25519 signature, hexadecimal.")
    verified: bool = Field(description="Whether the stored record still is what was signed.")
    verdict: Verdict

    @classmethod
    def of(cls, signature: Signature, verdict: Verdict) -> Self:
        return cls(
            record_id=signature.record_id,
            version=signature.record_version,
            signed_at=signature.signed_at,
            signer=AuthorOut(account_id=signature.signer_account, provider_id=signature.signer_provider_id),
            digest=bytes(signature.digest).hex(),
            key_id=signature.key_id,
            proof=bytes(signature.proof).hex(),
            verified=verdict is Verdict.INTACT,
            verdict=verdict,
        )


class SignatureEnvelope(BaseModel):
    signature: SignatureOut

    @classmethod
    def of(cls, found: Verified) -> Self:
        return cls(signature=SignatureOut.of(found.signature, found.verdict))
