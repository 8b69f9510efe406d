"""The stand-alone verifier: needs nothing of ours, accepts what the API answers, and nothing that was changed in it."""

import ast
import json
import random
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.test import Client

from chiron.audit import verifier
from chiron.audit.heads import signed_head
from chiron.audit.proofs import prove_event, read_head
from chiron.audit.public import record, seal
from chiron.audit.shapes import HeadEnvelope, HeadShape, ProofEnvelope
from chiron.audit.signing import published_key
from chiron.audit.tests.factories import BRUNO, doctor, officer, rows, sealed_trail
from chiron.audit.tree import Frontier
from chiron.audit.verifier import Refused, verify
from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.tenancy.public import inside
from tests.town import Clinic, add_person

Document = dict[str, Any]
SCRIPT = Path(verifier.__file__)


def key() -> bytes:
    return b64decode(published_key())


def proof_of(clinic: UUID, event_id: UUID, since: int | None = None) -> Document:
    """The document as a client reads it."""
    with inside(clinic):
        shape = ProofEnvelope.of(prove_event(officer(clinic), event_id, "organization", since))
    return dict(json.loads(shape.model_dump_json()))


def head_of(clinic: UUID, since: int | None = None) -> Document:
    with inside(clinic):
        shape = HeadEnvelope.of(*read_head(officer(clinic), "organization", since))
    return dict(json.loads(shape.model_dump_json()))


def rich_trail(clinic: UUID) -> list[UUID]:
    """A trail whose events say everything that an event can say."""
    with inside(clinic):
        caller = doctor(clinic, session_id=new_id(), on_behalf_of=new_id(), request_id="r-1", address="192.0.2.7")
        record(caller, "record.read", resource="records", resource_id=new_id(), subjects=[BRUNO, new_id()])
    seal("clinical", clinic)
    return sealed_trail(clinic, 4, 6)


def test_it_imports_the_standard_library_and_cryptography_only() -> None:
    tree = ast.parse(SCRIPT.read_text())
    imported = {each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    imported |= {alias.name for each in ast.walk(tree) if isinstance(each, ast.Import) for alias in each.names}

    assert {name.partition(".")[0] for name in imported} - set(sys.stdlib_module_names) == {"cryptography"}


def test_every_event_and_every_head_that_the_api_answers_is_accepted(clinic: UUID) -> None:
    events = rich_trail(clinic)

    for seq, event_id in enumerate(events):
        document = proof_of(clinic, event_id, since=seq + 1)
        told = verify(document, key())

        assert f"The event {event_id} of " in told
        assert told.endswith(f"is its leaf {seq}. It extends the tree of size {seq + 1}.")
    assert verify(head_of(clinic), key()).startswith("The head of size 11 of ")


def test_the_answers_over_http_are_what_it_reads(fresh_organization: Any) -> None:
    clinic = Clinic(fresh_organization)
    add_person(clinic, Role.PRIVACY_OFFICER)
    [event_id, *_] = sealed_trail(clinic.id, 3)
    client: Client = clinic.client(Role.PRIVACY_OFFICER)

    head = client.get("/api/audit/head", {"from": 2})
    proof = client.get(f"/api/audit/{event_id}/proof")

    assert (head.status_code, proof.status_code) == (200, 200)
    assert verify(head.json(), key()).endswith("It extends the tree of size 2.")
    assert str(event_id) in verify(proof.json(), key(), since=head.json())


def test_as_a_script_it_says_what_it_found_and_answers_by_its_exit_code(clinic: UUID, tmp_path: Path) -> None:
    events = rich_trail(clinic)
    script, good, bad, trusted = (tmp_path / name for name in ("alone.py", "good.json", "bad.json", "key"))
    printed, told_key = StringIO(), StringIO()
    call_command("audit", "verifier", stdout=printed)
    call_command("audit", "key", stdout=told_key)
    script.write_text(printed.getvalue())
    trusted.write_text(told_key.getvalue())
    document = proof_of(clinic, events[2])
    good.write_text(json.dumps(document))
    bad.write_text(json.dumps(document | {"seq": 3}))

    def run(*arguments: object) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-I", script, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        return done.returncode, done.stdout

    assert script.read_text() == SCRIPT.read_text()
    code, said = run("--key", trusted, good)
    assert (code, said.startswith(f"{good}: The head of size 11 of ")) == (0, True)
    code, said = run("--key", trusted, good, bad)
    assert (code, said.splitlines()[1]) == (
        1,
        f"{bad}: REFUSED. The event {events[2]} is not leaf 3 under the head: one of the two was changed.",
    )
    assert run("--key", "c2hvcnQ=", good) == (2, "")
    assert run("--key", trusted, tmp_path / "none")[0] == 1


def test_one_head_is_shown_to_continue_an_earlier_one(clinic: UUID) -> None:
    sealed_trail(clinic, 3)
    earlier = head_of(clinic)
    sealed_trail(clinic, 4)

    told = verify(head_of(clinic, since=3), key(), since=earlier)

    assert told.endswith(f"It extends the tree of size 3. It continues the head of {earlier['head']['at']}.")
    with pytest.raises(Refused, match=r"ask again with \?from=3"):
        verify(head_of(clinic), key(), since=earlier)
    with pytest.raises(Refused, match="the end was cut off"):
        verify(earlier, key(), since=head_of(clinic))


def test_another_history_does_not_continue_an_earlier_head(clinic: UUID, fresh_organization: Any) -> None:
    """Two trails of one name, both signed with the key: what an attacker can make who holds it."""
    sealed_trail(clinic, 3)
    earlier = head_of(clinic)
    sealed_trail(clinic, 2)
    [[at]] = rows(clinic, "SELECT at FROM audit_head WHERE size = 3")
    for size in (3, 5):
        frontier = Frontier().extended([bytes([number]) * 32 for number in range(size)])
        head = HeadShape.of(signed_head(clinic, frontier, bytes(32), at)).model_dump(mode="json")
        other = head_of(clinic, since=3) | {"head": head}
        if size == 3:
            other["extends"] = None

        with pytest.raises(Refused, match="the history was changed"):
            verify(other, key(), since=earlier)


def test_a_key_that_travels_with_a_proof_proves_nothing(clinic: UUID) -> None:
    document = head_of(clinic) if sealed_trail(clinic, 1) else {}

    with pytest.raises(Refused, match="another public key than the one that is trusted"):
        verify(document, bytes(32))


@pytest.mark.parametrize("mutants", [500, pytest.param(10_000, marks=pytest.mark.stress)])
def test_no_mutated_proof_is_accepted(clinic: UUID, mutants: int, shown: Callable[[str, str], None]) -> None:
    events = rich_trail(clinic)
    originals = [proof_of(clinic, event_id, since=since) for event_id in events for since in (None, 1, 4, 5, 11)]
    chance, accepted = random.Random(6962), []

    made = 0
    while made < mutants:
        document = deepcopy(chance.choice(originals))
        kind = mutate(document, chance, originals)
        if document in originals:
            continue
        made += 1
        if is_accepted(document):
            accepted.append((kind, document))

    assert all(is_accepted(document) for document in originals)
    assert accepted == []
    shown("U1", f"{made:,} mutated proofs, {len(accepted)} accepted by the verifier that needs no Chiron")


def is_accepted(document: Document) -> bool:
    try:
        verify(document, key())
    except Refused:
        return False
    return True


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, the containers included."""
    yield path
    if isinstance(node, dict | list):
        for name, each in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(each, (*path, name))


def mutate(document: Document, chance: random.Random, others: list[Document]) -> str:
    """Change one thing somewhere in a document; answers where."""
    *path, name = chance.choice([place for place in places(document) if place])
    holder: Any = document
    for step in path:
        holder = holder[step]
    changes: list[Callable[[], Any]] = [
        lambda: replaced(holder[name], chance),
        lambda: chance.choice([None, 0, "", [], {}]),
    ]
    if isinstance(holder[name], list):
        changes.append(lambda: rearranged(holder[name], chance))
    if not path:
        changes.append(lambda: deepcopy(chance.choice(others)[name]))
    if chance.random() < 0.05:
        del holder[name]
        return "removed"
    holder[name] = chance.choice(changes)()
    return ".".join(map(str, [*path, name]))


def replaced(value: Any, chance: random.Random) -> Any:
    """Nearly the same value."""
    if isinstance(value, bool) or value is None:
        return "00" * 32
    if isinstance(value, int):
        return value + chance.choice([-1, 1, 2, 2**32, -value - 1])
    if isinstance(value, str) and value:
        at = chance.randrange(len(value))
        return (
            value[:at] + chance.choice(["", "0", "f", " ", "Z", value[at].swapcase(), value[at] * 2]) + value[at + 1 :]
        )
    return [value]


def rearranged(values: list[Any], chance: random.Random) -> list[Any]:
    """The same list in another order, with one more, or one fewer."""
    if not values:
        return ["00" * 32]
    at = chance.randrange(len(values))
    return chance.choice([values[::-1], values[:at] + values[at + 1 :], [*values, values[at]], [values[at], *values]])
