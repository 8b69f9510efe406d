"""How Django's admin signs in: who has a seat in the administration, and nobody else."""

from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest
from typing_extensions import override

from chiron.identity.authentication import visitor
from chiron.identity.models import Account
from chiron.identity.services.administration import admit
from chiron.kernel import clock


class SeatBackend(BaseBackend):
    """Knows accounts with a seat by name or e-mail address, password, and a code where they have a second factor."""

    @override
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        code: str = "",
        **_: Any,
    ) -> Account | None:
        if request is None or not username or not password:
            return None
        admitted = admit(by=visitor(request), name=username, password=password, code=code, now=clock.now())
        request.mfa_at = admitted.mfa_at if admitted else None  # type: ignore[attr-defined]
        return admitted.account if admitted else None

    @override
    def get_user(self, user_id: UUID) -> Account | None:
        return Account.objects.filter(id=user_id, is_active=True).first()
