"""Which organization a request names, by slug or by the host name under which it came."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from chiron.kernel.errors import NotFound
from chiron.tenancy.public import Organization, organization_for_domain, organization_for_slug

SECONDS = 1.0
REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Choice:
    """What a sign-in or a registration says about its organization; what it does not say is empty."""

    slug: str = ""
    host: str = ""

    def organization(self) -> Organization | None:
        """The organization meant; None where none is. Raises NotFound for a slug that is nobody's."""
        if self.slug:
            return organization_for_slug(self.slug)
        try:
            return organization_for_domain(self.host) if self.host else None
        except NotFound:
            return None


class Directory:
    """Remembers for a second whom a name stands for, so that naming it on every request costs nothing."""

    def __init__(self, find: Callable[[str], Organization], seconds: Callable[[], float] = time.monotonic) -> None:
        self._find, self._seconds = find, seconds
        self._known: dict[str, tuple[float, UUID | None]] = {}

    def id_of(self, name: str) -> UUID | None:
        """The organization of that name, None where it is nobody's."""
        until, known = self._known.get(name, (0.0, None))
        if until > self._seconds():
            return known
        try:
            known = self._find(name).id
        except NotFound:
            known = None
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[name] = self._seconds() + SECONDS, known
        return known

    def forget(self) -> None:
        """Look every name up anew."""
        self._known.clear()


by_slug = Directory(organization_for_slug)
by_domain = Directory(organization_for_domain)
