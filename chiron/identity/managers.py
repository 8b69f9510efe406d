"""Finding accounts, and the way in which Django's own commands make one."""

from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from django.contrib.auth.base_user import BaseUserManager
from typing_extensions import override

from chiron.identity.email import email_index
from chiron.kernel import clock
from chiron.kernel.access import Caller

if TYPE_CHECKING:
    from chiron.identity.models import Account


def canonical(name: str) -> str:
    """One form for all ways of typing a name that find the same account, whether or not there is one."""
    return email_index(name).hex() if "@" in name else normalize("NFKC", name).upper().casefold()


class Accounts(BaseUserManager["Account"]):
    """Finds accounts whatever the case of what was typed."""

    def named(self, name: str) -> "Account | None":
        """The account with that user name or, where there is an @ in it, that e-mail address."""
        if "@" in name:
            return self.filter(email_index=email_index(name)).first()
        return self.filter(username__iexact=self.model.normalize_username(name)).first()

    @override
    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(username__iexact=username)

    def create_superuser(self, username: str, password: str | None = None, **_: Any) -> "Account":
        """A platform operator, for `createsuperuser`: runs the platform, sees nothing clinical."""
        from chiron.identity.services.accounts import create_operator

        command = Caller(operator=True, device="createsuperuser")
        return create_operator(by=command, username=username, password=password or "", now=clock.now())
