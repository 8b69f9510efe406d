"""A restore over what is served: what was erased since, what was published since, and whatever it is killed at."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from chiron.audit.public import seal, verify
from chiron.kernel.clock import now
from chiron.kernel.db import ALIASES
from chiron.operations.backup.errors import Damaged
from chiron.operations.replaying import is_pending
from chiron.registry.models import Patient
from chiron.tenancy.public import inside
from chiron.vault.public import forget_keys
from tests.backup.places import Taken, databases, elsewhere, restored
from tests.erasure.scanning import everything
from tests.erasure.test_restore import erase
from tests.server import connect


@pytest.fixture
def served(taken: Taken, committed: None) -> Iterator[str]:
    """The backup restored elsewhere, which is what is served from here on; its prefix."""
    with elsewhere() as prefix:
        restored(taken.folder)
        yield prefix
    forget_keys()


def heads() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in settings.AUDIT_HEADS_DIR.iterdir()}


def test_what_is_served_is_replaced_and_kept_and_what_happened_since_is_accounted_for(
    taken: Taken, served: str
) -> None:
    erased, other = taken.people
    before = everything(taken.clinic)
    assert before.holds(erased.words) == list(erased.words)
    with inside(taken.clinic.id):
        Patient.objects.filter(id=taken.clinic.patient_id).update(birth_date="1901-02-03")
    erase(taken.clinic, erased)
    while seal("clinical", taken.clinic.id):
        pass
    published, trail = verify(taken.clinic.id, now=now()), str(taken.clinic.id)

    report = restored(taken.folder, replace=True).said

    assert report["replayed"] == {"lines": 1, "patients": 1, "organizations": 0}
    assert not is_pending()
    found = everything(taken.clinic)
    assert found.holds(other.words) == list(other.words)
    assert found.holds(tuple(word for word in erased.words if word not in other.words)) == []
    assert found.failed == 0
    assert report["lost"][trail]["restored"] < report["lost"][trail]["published"] == published.leaves
    assert verify(taken.clinic.id, now=now()).is_intact
    with inside(taken.clinic.id):
        assert not Patient.objects.filter(birth_date="1901-02-03").exists()
    former = {alias: name.removeprefix(f"{served}_") for alias, name in report["former"].items()}
    assert databases(served) == sorted([*ALIASES, *former.values()])
    with connect(settings.OWNER_DATABASES["clinical"], f"{served}_{former['clinical']}") as old:
        query = f"SELECT count(*) FROM t_{taken.clinic.id.hex}.registry_patient WHERE birth_date = '1901-02-03'"
        assert old.execute(query).fetchone() == (1,)
    [former_heads] = settings.AUDIT_HEADS_DIR.parent.glob(f"{settings.AUDIT_HEADS_DIR.name}_before_*")
    assert len((former_heads / f"{trail}.jsonl").read_text().splitlines()) == published.heads


def test_a_restore_that_fails_leaves_what_is_served(taken: Taken, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with inside(taken.clinic.id):
        Patient.objects.filter(id=taken.clinic.patient_id).update(birth_date="1901-02-03")
    before = heads()
    monkeypatch.setattr("chiron.operations.backup.filling.have_rights", lambda _: None)

    with pytest.raises(Damaged, match="accounts is not what was backed up: rights"):
        restored(taken.folder, replace=True)

    assert databases(served) == sorted(ALIASES)
    with inside(taken.clinic.id):
        assert Patient.objects.filter(birth_date="1901-02-03").count() == 1
    assert heads() == before
