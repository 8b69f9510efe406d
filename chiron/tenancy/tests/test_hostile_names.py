"""Names that somebody means as SQL: they stay values, at every door where a name comes in (promise T4)."""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db.backends.utils import CursorWrapper
from django.http import HttpResponse
from django.test import Client

from chiron.identity.public import Role, begin, create_operator
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, cursor
from chiron.kernel.errors import NotFound
from chiron.kernel.problems import respond
from chiron.tenancy.public import Organization, organization_for_domain, organization_for_slug, role_of, schema_of
from tests.town import PASSWORD, Clinic, Town, drop_organization, make_organization

HARMLESS = re.compile(r"[A-Za-z0-9.-]+")
"""A host may be called like that, and nothing in it would have to be quoted."""
MARK = "zzyx"
"""Stands in every hostile name: a statement's text in which it is found was made of a name."""

FRAGMENTS = (
    "'", "''", '"', "\\'", "';", '";', "--", "/*", "*/", "$$", "$q$", ";", "%s", "%(x)s", "%%", "{0}", "${x}", "\\",
    "E'\\x27'", "\u02bc", "\u2019", "\uff07", "\u202e", "\u200b", "\r\n", "\t", "../", "`", "|", "&", "?", "#", "@",
    "DROP SCHEMA {schema} CASCADE", "SET ROLE {role}", "RESET ROLE", "SELECT pg_sleep(9)", "OR 1=1", "COMMIT",
    "UNION SELECT slug FROM tenancy_organization", "UPDATE tenancy_organization SET name='x'", "{schema}", "{role}",
    "public", "template", "pg_catalog", "none", "t_", "SET search_path TO {schema}", "COPY t TO PROGRAM 'id'", "' ' '",
)  # fmt: skip


def hostile_names(number: int, schema: str, role: str) -> list[str]:
    """So many different ones, of the length that a name may have or a little more; the same at every run."""
    dice, names = random.Random(4), dict[str, None]()
    while len(names) < number:
        parts = [MARK, *dice.choices(FRAGMENTS, k=dice.randint(1, 6))]
        dice.shuffle(parts)
        name = dice.choice(["", " "]).join(parts).replace("{schema}", schema).replace("{role}", role)
        name = name[: dice.choice([39, 63, 64, 100, 110])] + dice.choice(["", "'", '"'])
        if MARK in name:
            names[name] = None
    return list(names)


@contextmanager
def statements() -> Iterator[set[str]]:
    """The texts of all statements while the block runs, before any value is bound into them."""
    texts: set[str] = set()
    run, bind = CursorWrapper.execute, psycopg.ClientCursor.mogrify

    def told(self: Any, sql: Any, *rest: Any, **named: Any) -> Any:
        texts.add(str(sql))
        return run(self, sql, *rest, **named)

    def bound(self: Any, query: Any, *rest: Any) -> Any:
        texts.add(str(query))
        return bind(self, query, *rest)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(CursorWrapper, "execute", told)
        patched.setattr(psycopg.ClientCursor, "mogrify", bound)
        yield texts


def schemas() -> set[str]:
    with cursor(CLINICAL) as catalog:
        catalog.execute("SELECT nspname FROM pg_namespace")
        return {name for (name,) in catalog.fetchall()}


@pytest.fixture
def operator(town: Town) -> Client:
    account = create_operator(by=Caller(operator=True), username="olga", password=PASSWORD, now=now())
    access = begin(by=Caller(), account=account, membership=None, mfa_at=now(), now=now()).access
    return Client(headers={"authorization": f"Bearer {access}"})


Door = Callable[[str], Any]


def looked_up(find: Callable[[str], Organization], name: str) -> Any:
    """What is behind the doors that refuse a name before it is looked for."""
    try:
        return HttpResponse(find(name).slug)
    except NotFound as refusal:
        return respond(refusal)


def doors(hilltop: Clinic, operator: Client) -> dict[str, Door]:
    """Where names of organizations and hosts come in."""
    admin = hilltop.client(Role.ADMIN)
    body: Any = {"content_type": "application/json"}
    sign_in = {"username": "hilltop-admin", "password": PASSWORD}
    own = f"/api/organizations/{hilltop.id}"

    def plain(name: str) -> str:
        return "".join(name.split()).encode("ascii", "replace").decode()  # what a header can carry

    return {
        "name": lambda name: admin.patch(own, {"name": name}, **body),
        "slug": lambda name: operator.post("/api/organizations", {"slug": name, "name": name}, **body),
        "domain": lambda name: operator.patch(own, {"domains": [name]}, **body),
        "sign-in": lambda name: Client().post("/api/auth/login", sign_in | {"organization": name}, **body),
        "header": lambda name: admin.get("/api/users/me", headers={"x-organization": plain(name)}),
        "host": lambda name: admin.get("/api/users/me", headers={"host": plain(name)}),
        "the slug behind them": lambda name: looked_up(organization_for_slug, name),
        "the host behind them": lambda name: looked_up(organization_for_domain, name),
    }


@pytest.mark.parametrize("number", [40, pytest.param(640, marks=pytest.mark.stress)])
def test_hostile_names_stay_values_at_every_door(
    town: Town, operator: Client, number: int, settings: Any, shown: Callable[[str, str], None]
) -> None:
    settings.ALLOWED_HOSTS = ["*"]  # or Django alone would refuse them
    hilltop, before = town.hilltop, (schemas(), Organization.objects.count())
    names = hostile_names(8 * number, schema_of(town.riverside.id), role_of(town.riverside.id))
    refused, kept = 0, 0

    with statements() as texts:
        for place, (door, enter) in enumerate(doors(hilltop, operator).items()):
            for name in names[place::8]:
                answer = enter(name)
                assert answer.status_code < 500, (door, name)
                refused += answer.status_code >= 400
                if answer.status_code == 200 and door == "name":
                    assert Organization.objects.get(id=hilltop.id).name == answer.json()["organization"]["name"]
                    assert answer.json()["organization"]["name"] == name.strip()
                    kept += 1
                elif answer.status_code == 200 and door == "host":
                    assert answer.json()["user"]["username"] == "hilltop-admin"
                elif answer.status_code == 200 and door == "domain":
                    assert HARMLESS.fullmatch(name.strip()), name
                else:
                    assert answer.status_code >= 400, (door, name)

    assert len(texts) > 5
    assert [text for text in texts if MARK in text.lower()] == []
    assert (schemas(), Organization.objects.count()) == before
    assert kept > number // 3
    shown(
        "T4",
        f"{len(names):,} hostile names at eight doors: {refused:,} refused, {kept} kept as they are, 0 in the text of a"
        " statement; schemas are named by the server",
    )


def test_a_schema_is_named_by_the_server_whatever_the_organization_is_called(
    django_db_setup: None, django_db_blocker: Any
) -> None:
    with django_db_blocker.unblock():
        before = schemas()
        organization = make_organization(None)
        made = schemas() - before
        drop_organization(organization)

        assert made == {f"t_{organization.id.hex}"}
        assert schemas() == before
