"""Getting back in, and proving an address, with codes that come by e-mail."""

from django.http import HttpRequest
from ninja import Router, Status

from chiron.identity import shapes_recovery as shapes
from chiron.identity.authentication import visitor
from chiron.identity.services import recovery
from chiron.kernel import clock
from chiron.kernel.access import Call, limited, needs, open_to_all

router = Router(tags=["auth"])


@router.post("/auth/password/reset", response={202: None})
@open_to_all("Who has lost the password cannot sign in.")
@limited("reset")
def ask_for_reset(request: HttpRequest, body: shapes.Address) -> Status[None]:
    """Have a code for another password mailed; the answer is the same for an address that nobody has."""
    recovery.ask_for_reset(by=visitor(request), email=body.email, now=clock.now())
    return Status(202, None)


@router.post("/auth/password/reset/confirm", response={204: None})
@open_to_all("The code says whose password it is.")
@limited("code")
def reset_password(request: HttpRequest, body: shapes.Reset) -> Status[None]:
    """Take another password with the code that was mailed; all sessions end, and you sign in anew."""
    recovery.reset_password(by=visitor(request), now=clock.now(), **body.model_dump())
    return Status(204, None)


@router.post("/auth/email/verify", response={204: None})
@open_to_all("The code says whose address it is.")
@limited("code")
def verify_address(request: HttpRequest, body: shapes.Code) -> Status[None]:
    """Prove with the code that was mailed that the address is yours."""
    recovery.verify_address(by=visitor(request), code=body.code, now=clock.now())
    return Status(204, None)


@router.post("/auth/email/verify/send", response={202: None})
@needs("me", "update")
@limited("secrets")
def send_verification(request: Call) -> Status[None]:
    """Have the code for your address mailed once more."""
    recovery.ask_for_verification(by=request.caller)
    return Status(202, None)
