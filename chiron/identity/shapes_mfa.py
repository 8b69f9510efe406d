"""What the operations of second factors take and show."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from chiron.identity import models
from chiron.identity.rules import RESET_HOLDS
from chiron.identity.shapes import Password
from chiron.kernel.schemas import Body

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=40)]
CODE = Field(examples=["123456", "ABCD-EFGH-IJKL-MNOP"], description="Of the app; a backup code will do, too.")


class Setup(Body):
    password: Password = Field(examples=["a sentence of your own"], description="Yours, once more.")


class Verification(Body):
    code: Code = CODE
    mfa_token: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None, description="Of the sign-in that this code finishes; without it, the code confirms a new second factor."
    )


class OwnCode(Body):
    code: Code = CODE


class PasswordAndCode(Body):
    password: Password = Field(examples=["a sentence of your own"])
    code: Code = CODE


class SetupOut(BaseModel):
    secret: str
    otpauth_uri: str
    qr_svg: str


class MfaReset(BaseModel):
    """`done` once another admin has confirmed it; until `expires_at` one of them can."""

    membership_id: UUID
    done: bool
    expires_at: datetime

    @classmethod
    def of(cls, reset: models.MfaReset) -> Self:
        until = reset.requested_at + RESET_HOLDS
        return cls(membership_id=reset.membership_id, done=reset.confirmed_at is not None, expires_at=until)


class MfaResetEnvelope(BaseModel):
    mfa_reset: MfaReset


class BackupCodes(BaseModel):
    """Shown once: each works once, in place of a code of the app."""

    backup_codes: list[str]
