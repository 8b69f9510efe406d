"""The same for the desk: every address, opened and sent by everybody, about everything (T1)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import QueryDict

from chiron.desk.addresses import ADDRESSES
from chiron.identity.cookies import csrf_token
from chiron.identity.policy import scope_of
from chiron.kernel.access import Scope, need_of
from tests.matrix.world import OUTCASTS, Thing, Whose, World, undone

PAGES = {f"{method} {each.route}": view for each in ADDRESSES for method, view in each.views.items()}
ABOUT = {
    "check-in": Thing.BEGUN, "no-show": Thing.BEGUN, "complete": Thing.PRESENT, "undo-no-show": Thing.MISSED,
    "confirm": Thing.HOLD, "approve": Thing.PENDING, "decline": Thing.PENDING, "leave": Thing.WAITING,
    "priority": Thing.WAITING, "read": Thing.NOTIFICATION,
}  # fmt: skip
"""What a page is about, where it is not an appointment to come."""
ID = re.compile(r"<\w+:\w+>")
OWN_TO_EACH_ANSWER = re.compile(r'value="[\w-]{43}"')
"""The CSRF token."""


@pytest.mark.parametrize("name", sorted(PAGES))
def test_everybody_is_shown_what_the_policy_gives_and_nothing_else(
    name: str, world: World, shown: Callable[[str, str], None]
) -> None:
    world.call_by("cookie")
    thing = ABOUT.get(name.rpartition("/")[2], Thing.APPOINTMENT)
    wrong, missing = [], set()

    for who in world.clients:
        for whose in Whose if "<" in name else (Whose.MINE,):
            asked = world.thing(thing, whose, who)
            with undone():
                answer = ask(world, name, who, asked)
            own = str(asked) if answer.status_code == 303 else ""  # back to it, once they have signed in
            leaked = world.secrets.leaked(answer, to_operator=who == "operator", but=own)
            if answer.status_code not in allowed(world, name, who, whose) or leaked:
                wrong.append((who, whose.value, answer.status_code, leaked))
            if answer.status_code == 404:
                missing.add((who, OWN_TO_EACH_ANSWER.sub("", answer.content.decode())))

    assert wrong == []
    assert len(missing) == len({who for who, _ in missing})
    shown(
        "T1", f"{world.secrets.answers:,} answers of the desk: each as the policy says, nothing of a neighbour in any"
    )


@pytest.mark.parametrize("field", ["patient_id", "start", "type", "doctor"])
def test_what_a_form_names_of_next_door_is_what_a_form_names_of_nobody(field: str, world: World) -> None:
    world.call_by("cookie")
    theirs: dict[str, object] = {
        "patient_id": world.riverside.patient_id,
        "doctor": world.riverside.doctor_id,
        "type": "",
    }
    theirs["start"] = f"{world.riverside.doctor_id} 2099-01-01T10:00+00:00"
    wrong = []

    for who, caller in world.callers.items():
        for do in ("times", "book"):
            with undone():
                answer = send(world, who, "book", do=do, **{field: theirs[field]})
            leaked = set(world.secrets.leaked(answer, to_operator=who == "operator", but=str(theirs[field])))
            may = scope_of(caller, "appointments", "create") is not Scope.NONE
            if (answer.status_code == 403) is may or answer.status_code >= 500 or leaked - {str(theirs["doctor"])}:
                wrong.append((who, do, answer.status_code, leaked))

    assert wrong == []


def ask(world: World, name: str, who: str, thing: Any) -> Any:
    method, _, route = name.partition(" ")
    path = ID.sub(str(thing), route)
    if method == "GET":
        return world.clients[who].get(f"/desk/{path}")
    return send(world, who, path, version=version_of(name), do="times", priority=2, up_to=1)


def send(world: World, who: str, path: str, **said: Any) -> Any:
    form = QueryDict(mutable=True)
    form.update({"csrf_token": csrf_token(world.sessions[who]) if who in world.sessions else "", **said})
    return world.clients[who].post(f"/desk/{path}", form.urlencode(), content_type="application/x-www-form-urlencoded")


def version_of(name: str) -> int:
    """The version in which the world's appointments stand: one has gone a step already."""
    return 2 if name.rpartition("/")[2] in ("complete", "undo-no-show") else 1


def allowed(world: World, name: str, who: str, whose: Whose) -> set[int]:
    """The statuses that the policy means."""
    need = need_of(PAGES[name])
    if "anything" in name:
        return {404}
    if need is None:
        return {200} if name.startswith("GET") else {403, 422}  # nobody sends a password here
    if who == "anonymous" or who in OUTCASTS:
        return {303}
    scope = scope_of(world.callers[who], *need)
    if scope is Scope.NONE:
        return {403}
    if whose is Whose.MINE or (whose is Whose.ANOTHERS and scope is Scope.ORGANIZATION):
        return {200, 204, 303}
    return {404}
