"""How Django's admin signs in: platform operators only, and every attempt is an event."""

from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest
from typing_extensions import override

from chiron.identity.authentication import visitor
from chiron.identity.models import Account
from chiron.identity.services.sign_in import admit_operator


class OperatorBackend(BaseBackend):
    """Knows operators by user name or e-mail address and password, and nobody else."""

    @override
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> Account | None:
        if request is None or not username or not password:
            return None
        return admit_operator(by=visitor(request), name=username, password=password)

    @override
    def get_user(self, user_id: UUID) -> Account | None:
        return Account.objects.filter(id=user_id, is_active=True, is_operator=True).first()
