"""What the operations of recovery take."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chiron.identity.shapes import Email, Password
from chiron.kernel.schemas import Body

Mailed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
EXAMPLE = Field(examples=["AZnL9xY2c0y1..."], description="Of the mail's link.")


class Address(Body):
    email: Email = Field(examples=["ama@example.org"])


class Code(Body):
    code: Mailed = EXAMPLE


class Reset(Body):
    code: Mailed = EXAMPLE
    password: Password = Field(examples=["a sentence of your own"])
