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
    """Knows accounts with a seat by user name or e-mail address and password."""

    @override
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> Account | None:
        if request is None or not username or not password:
            return None
        return admit(by=visitor(request), name=username, password=password, now=clock.now())

    @override
    def get_user(self, user_id: UUID) -> Account | None:
        return Account.objects.filter(id=user_id, is_active=True).first()
