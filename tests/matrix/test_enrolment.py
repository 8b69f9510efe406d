"""Who must have a second factor and has none is let into nothing but enrolling, by whichever door (MFA-06)."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from chiron.identity.cookies import ACCESS, csrf_token
from chiron.identity.public import Role
from chiron.identity.revocations import revocations
from chiron.identity.services.organizations import change_organization
from chiron.identity.tokens import verified
from chiron.kernel import clock
from chiron.kernel.access import Proof
from chiron.kernel.clock import now
from config.api import api
from tests.matrix.operations import OPERATIONS
from tests.matrix.test_access import ask, guarded
from tests.matrix.world import Thing, Whose, World, browser, renewed, undone
from tests.town import OPERATOR, PASSWORD

WHO = {"username": "hilltop-admin", "password": PASSWORD, "organization": "hilltop"}
IN_BROWSER = {"x-auth-mode": "cookie", "origin": "http://testserver"}
Way = tuple[Callable[[], str], Callable[[str], Client]]
"""How an access token is got, and how it is carried."""


def sent(client: Client, path: str, body: dict[str, str] | str, **headers: str) -> Any:
    answer = client.post(path, body, content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content
    return answer


def by_header(access: str) -> Client:
    return Client(headers={"authorization": f"Bearer {access}"})


def in_browser(access: str) -> Client:
    return browser(access, csrf_token(verified(access).caller.session_id))


def ways_in() -> dict[str, Way]:
    """By password and by refreshing, with a header and with cookies; what is refreshed are sessions of before."""
    app, page, login, refresh = Client(), Client(headers=IN_BROWSER), "/api/auth/login", "/api/auth/refresh"
    token = sent(app, login, WHO).json()["refresh"]
    sent(page, login, WHO)
    return {
        "password": (lambda: sent(Client(), login, WHO).json()["access"], by_header),
        "password and cookie": (lambda: sent(Client(headers=IN_BROWSER), login, WHO).cookies[ACCESS].value, in_browser),
        "refreshing": (lambda: sent(app, refresh, {"refresh": token}).json()["access"], by_header),
        "refreshing and cookie": (lambda: sent(page, refresh, "").cookies[ACCESS].value, in_browser),
    }


@pytest.mark.parametrize("way", ["password", "password and cookie", "refreshing", "refreshing and cookie"])
def test_every_way_in_leads_to_enrolling_only(way: str, world: World) -> None:
    may_enrol = {name for name, _ in guarded(api, Proof.ENROLLING)}
    wrong = []

    with undone():
        get, carry = ways_in()[way]
        require_of(world, Role.ADMIN)
        access = get()
        for name, operation in OPERATIONS.items():
            with undone():
                world.clients["ADMIN"] = carry(access)
                answer = ask(world, name, operation, "ADMIN", Whose.MINE)
            refused = answer.status_code == 403 and answer.json()["type"] == "/problems/mfa-enrolment-required"
            if refused == (name in may_enrol):
                wrong.append((name, answer.status_code))

    assert wrong == []
    assert may_enrol == {"GET /api/auth/csrf", "POST /api/auth/logout", "POST /api/auth/mfa/setup"}


def test_what_was_opened_before_is_closed(world: World) -> None:
    path = f"/api/attachments/{world.things[Thing.ATTACHMENT, Whose.MINE]}"

    with undone():
        link = world.clients["ADMIN"].post(f"{path}/link").json()["link"]["url"]
        desk = world.hilltop.desk(Role.ADMIN)
        before = Client().get(link).status_code, desk.get("/admin/").status_code
        require_of(world, Role.ADMIN)
        revocations.take_effect()  # as at the commit that never comes here
        after = {
            "a link": Client().get(link).status_code,
            "a token": world.clients["ADMIN"].get("/api/patients").status_code,
            "a seat": desk.get("/admin/").headers.get("Location"),
            "another seat": world.hilltop.desk(Role.ADMIN).get("/admin/").headers.get("Location"),
        }

    assert before == (200, 200)
    assert after == {
        "a link": 401, "a token": 401, "a seat": "/admin/choose/", "another seat": "/admin/login/?next=/admin/"
    }  # fmt: skip


def test_a_link_made_in_the_days_of_grace_ends_with_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/api/attachments/{world.things[Thing.ATTACHMENT, Whose.MINE]}"

    with undone():
        require_of(world, Role.ADMIN, since=now().date() + timedelta(days=2))
        admin = by_header(renewed(world.callers["ADMIN"], now()))
        link = admin.post(f"{path}/link").json()["link"]["url"]
        before = Client().get(link)
        later = now() + timedelta(days=4)
        monkeypatch.setattr(clock, "now", lambda: later)
        after = Client().get(link)

    assert (before.status_code, after.status_code) == (200, 403)
    assert after.json()["type"] == "/problems/mfa-enrolment-required"


def require_of(world: World, role: Role, since: date | None = None) -> None:
    """The organization decides that this role must have a second factor, from that day on or at once."""
    decided = {"policies": {"mfa_required_roles": [role], "mfa_from": since}}
    change_organization(by=OPERATOR, organization_id=world.hilltop.id, changes=decided, now=now())
