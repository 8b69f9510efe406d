"""The same for the administration: every page of every model, opened and sent by everybody, about everything (T1)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, reverse
from django.urls.resolvers import URLResolver

from chiron.identity.models import Account
from chiron.identity.policy import scope_of
from chiron.kernel.access import Scope
from chiron.kernel.admin import LookOnly
from chiron.kernel.db import ACCOUNTS, CLINICAL
from chiron.kernel.ids import NIL, new_id
from chiron.kernel.pages import Page
from chiron.tenancy.public import inside
from chiron.tenancy.router import aliases_of
from tests.canary.needles import CLEAR, WORD
from tests.matrix.world import Whose, World, undone
from tests.town import PASSWORD, Clinic

ELSEWHERE = "LAB, next door ADMIN"
"""Whose only seat is next door: what they see there is theirs to see."""

DEVICES = "identity_session_changelist"
"""Where the operator sees by which devices people signed in, anywhere."""


@dataclass(frozen=True, slots=True)
class Address:
    """A page: its name, the model's admin that answers it, the act it is for, and whether it is about one row."""

    name: str
    page: Any
    act: Any = None
    of_a_row: bool = True

    def at(self, row_id: UUID | int) -> str:
        return reverse(f"admin:{self.name}", args=[row_id] if self.of_a_row else [])


def addresses() -> Iterator[Address]:
    """Every page of every model, as the administration's own addresses have them."""
    for page in admin.site._registry.values():
        prefix = f"{page.opts.app_label}_{page.opts.model_name}_"
        acts = {act.slug: act for act in getattr(page, "acts", ())}
        for pattern in page.get_urls():
            if pattern.name is not None:
                of_a_row = "<" in str(pattern.pattern)
                yield Address(pattern.name, page, acts.get(pattern.name.removeprefix(prefix)), of_a_row)


PAGES = {each.name: each for each in addresses()}


@pytest.fixture(scope="module")
def desks(standing: World) -> dict[str, Client]:
    """Everybody's browser, after they tried to sign in to the administration."""
    browsers = {"anonymous": Client()}
    for who in standing.callers.keys() - {ELSEWHERE}:
        browsers[who] = Client()
        name = Account.objects.get(id=standing.callers[who].account_id or NIL).username
        browsers[who].post("/admin/login/", {"username": name, "password": PASSWORD, "next": "/admin/"})
    return browsers


@pytest.mark.parametrize("name", sorted(PAGES))
def test_everybody_is_shown_what_the_policy_gives_and_nothing_else(
    name: str, world: World, desks: dict[str, Client], shown: Callable[[str, str], None]
) -> None:
    address, wrong, missing = PAGES[name], [], set()
    rows = {whose: row(world, address, whose) for whose in (Whose.MINE, Whose.NEXT_DOOR, Whose.NOBODYS)}

    for who, browser in desks.items():
        if who != "DOCTOR" and who in standing_outside(world):
            continue
        for whose, row_id in rows.items() if address.of_a_row else [(Whose.MINE, NIL)]:
            path, expected = address.at(row_id), allowed(world, address, who, whose)
            for method in ("get", "post"):
                with undone():
                    answer = getattr(browser, method)(path)
                named = path.split("/")[-3] if answer.status_code == 302 else ""
                leaked = world.secrets.leaked(answer, to_operator=who == "operator", but=named)
                leaked = [] if who == "operator" and name == DEVICES else leaked
                if not fits(answer, expected) or leaked:
                    wrong.append((who, method, whose.value, answer.status_code, expected, leaked))
                if answer.status_code == 404:
                    missing.add((who, method, blind(answer)))

    assert wrong == []
    assert len(missing) == len({(who, method) for who, method, _ in missing})
    answers = f"{world.secrets.answers:,} answers of {len(PAGES)} pages of the administration"
    shown("T1", f"{answers}: each as the policy says, no word and no id of a neighbour in any")


def standing_outside(world: World) -> set[str]:
    """Who have no seat: their browsers hold nothing, so that one of them stands for all."""
    may = {who: caller.operator or scope_of(caller, "administration", "open") for who, caller in world.callers.items()}
    return {who for who, opened in may.items() if not opened}


def test_who_has_no_seat_is_not_let_in(world: World, desks: dict[str, Client]) -> None:
    with undone():
        let_in = {who for who, browser in desks.items() if browser.get("/admin/").status_code == 200}

    assert let_in == desks.keys() - standing_outside(world) - {"anonymous"}
    assert let_in == {"ADMIN", "PRIVACY_OFFICER", "LAB and PRIVACY_OFFICER", "operator"}


def allowed(world: World, address: Address, who: str, whose: Whose) -> int:
    """The status that the policy means: 200 stands for whatever is answered to who may come in."""
    caller = world.callers.get(who)
    if caller is None or who in standing_outside(world):
        return 302
    if isinstance(address.page, Page):
        need = address.act.need if address.act else (address.page.resource_of(caller), "read")
        if scope_of(caller, *need) is Scope.NONE:
            return 403
        return 200 if whose is Whose.MINE else 404
    return 200 if isinstance(address.page, LookOnly) and caller.operator else 403


def fits(answer: Any, expected: int) -> bool:
    """Whether an answer is as allowed; what was not filled in, or is not done to a row as it stands, is an answer."""
    to_sign_in: bool = answer.status_code == 302 and answer.headers["Location"].startswith("/admin/login/")
    if expected == 302:
        return to_sign_in
    others = {200, 302, 403, 404, 405, 409, 412, 422}
    return not to_sign_in and bool(answer.status_code in (others if expected == 200 else {expected, 405}))


def row(world: World, address: Address, whose: Whose) -> UUID | int:
    """A row that the page is about: of the organization, of the one next door, or of nobody."""
    model = address.page.model
    key: UUID | int = new_id() if model._meta.pk.get_internal_type() == "UUIDField" else 0
    if whose is Whose.NOBODYS or not model._meta.managed:
        return key
    clinic: Clinic = world.hilltop if whose is Whose.MINE else world.riverside
    if CLINICAL not in aliases_of(model._meta.app_label, model._meta.model_name):
        found = model._base_manager.using(ACCOUNTS)
        return found.order_by("pk").values_list("pk", flat=True).first() or key
    with inside(clinic.id):
        return model._base_manager.using(CLINICAL).order_by("-pk").values_list("pk", flat=True).first() or key


def blind(answer: Any) -> str:
    """A page without the token that differs from answer to answer."""
    return "\n".join(line for line in answer.content.decode().splitlines() if "csrfmiddlewaretoken" not in line)


def test_no_other_address_of_the_administration_tells_anything(world: World, desks: dict[str, Client]) -> None:
    others = [each for each in patterns(admin.site.get_urls()) if each.name not in PAGES]
    paths = {f"/admin/{WORD}/"} | {f"/admin/{app}/" for app in {each.page.opts.app_label for each in PAGES.values()}}
    for each in others:
        try:
            paths.add(reverse(f"admin:{each.name}"))
        except NoReverseMatch:
            continue

    wrong = []
    for who, browser in desks.items():
        for path in sorted(paths) if who == "DOCTOR" or who not in standing_outside(world) else ():
            for words in ({}, {"s": CLEAR}, {"q": WORD}):
                with undone():
                    answer = browser.get(path, words)
                own = {CLEAR, WORD} if words or WORD in path else {}
                leaked = [each for each in world.secrets.leaked(answer) if each not in own]
                if answer.status_code not in (200, 302, 403, 404, 405) or leaked:
                    wrong.append((who, path, answer.status_code, leaked))

    assert wrong == []
    assert len(paths) > 12


def patterns(urls: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for each in urls:
        if isinstance(each, URLPattern):
            yield each
        else:
            yield from patterns(each.url_patterns)
