"""Short ways to say what the tests of notifications say often."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.test import Client

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.ids import NIL, new_id
from chiron.notifications.models import Delivery, Notification
from chiron.notifications.public import Kind, notify
from chiron.tenancy.public import inside
from tests.town import Clinic


def call(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    sent = {} if body is None else {"data": body, "content_type": "application/json"}
    return getattr(client, method)(f"/api{path}", headers=headers, **sent)


def account_of(clinic: Clinic, role: Role) -> UUID:
    return clinic.who[role].account_id or NIL


def tell(clinic: Clinic, *roles: Role, kind: Kind = Kind.BOOKED, resource: str = "appointments") -> UUID:
    """Tell those people of something, and answer what it is about."""
    about = new_id()
    with inside(clinic.id):
        notify(
            kind=kind, to=[account_of(clinic, role) for role in roles], resource=resource, resource_id=about, now=now()
        )
    return about


def told(clinic: Clinic, role: Role) -> list[tuple[str, str, UUID]]:
    """Kind, resource and id of what somebody was told, in order."""
    with inside(clinic.id):
        found = Notification.objects.filter(account_id=account_of(clinic, role)).order_by("number")
        return list(found.values_list("kind", "resource", "resource_id"))


def mails(clinic: Clinic) -> list[Delivery]:
    with inside(clinic.id):
        return list(Delivery.objects.order_by("id"))


def undone(clinic: Clinic, act: Callable[[], object]) -> None:
    """Do something in the clinic's transaction that fails afterwards."""
    try:
        with inside(clinic.id):
            act()
            raise Undone
    except Undone:
        return


class Undone(Exception):
    """What was done is rolled back."""
