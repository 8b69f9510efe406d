"""What the auth service takes and says."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from chiron.identity.authority import standing
from chiron.identity.policy import permissions_of
from chiron.identity.roles import in_order
from chiron.identity.tokens import Verified
from chiron.kernel.errors import DomainError, Unavailable
from chiron.kernel.schemas import Body

Name = Annotated[str, StringConstraints(max_length=100)]


class Token(Body):
    token: str = Field(examples=["eyJhbGciOiJFZERTQSIs..."], description="An access token.")


class Valid(BaseModel):
    """Whose the token is; nothing is taken back of it until now."""

    valid: Literal[True] = True
    user_id: UUID
    organization_id: UUID | None = Field(description="null for the platform operator, who has none.")
    roles: list[str]
    permissions: list[str] = Field(examples=[["patients.read", "records.create"]])
    exp: int = Field(description="When it expires, in seconds since 1970.")

    @classmethod
    def of(cls, known: Verified) -> Self:
        caller = known.caller
        return cls.model_validate(
            {
                "user_id": caller.account_id,
                "organization_id": caller.organization_id,
                "roles": in_order(caller.roles),
                "permissions": permissions_of(caller),
                "exp": int(known.expires_at),
            }
        )


class NotValid(BaseModel):
    """It opens nothing: `not-signed-in`, `organization-suspended` or `mfa-enrolment-required`."""

    valid: Literal[False] = False
    reason: str = Field(examples=["not-signed-in"])


def verdict_on(token: str) -> Valid | NotValid:
    """Whether an access token opens anything now, and for whom. Raises Unavailable where nobody can know."""
    try:
        return Valid.of(standing(token))
    except Unavailable:
        raise
    except DomainError as refusal:
        return NotValid(reason=refusal.code)


class Question(Body):
    resource: Name = Field(examples=["patients"])
    action: Name = Field(examples=["read"])
    id: UUID | None = Field(None, description="Of one object; without it, whether there can be any.")


class Authorized(BaseModel):
    authorized: bool
