"""A model that passed the gate answers once a named person says so; one that did not never does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL
from chiron.screening import shelf
from chiron.screening.model.folders import write_bundle
from chiron.screening.models import BundleChange
from chiron.screening.services.bundles import read_bundle
from chiron.screening.shelf import FOLDER, SHIPPED
from chiron.screening.standings import answering
from chiron.screening.tests.bundles import content
from chiron.screening.training.tests.conftest import MadeUp
from chiron.screening.words import BundleStanding, Mode
from chiron.tenancy.public import inside
from tests.town import Clinic

WORDS = {"person": "Dr Ama Mensah", "reason": "Passed on our own patients."}


@pytest.fixture
def shelved(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.BUNDLES_DIR = tmp_path / "shelf"
    yield settings.BUNDLES_DIR
    shelf._bundle.cache_clear()


def activate(clinic: Clinic, folder: Path, **said: str) -> None:
    call_command("b12", "activate", bundle=folder, organization=clinic.organization.slug, **WORDS | said)


def test_a_model_that_passed_answers_and_who_answers_for_it_is_kept(
    hilltop: Clinic, riverside: Clinic, made_up: MadeUp, shelved: Path
) -> None:
    activate(hilltop, made_up.tested)

    with inside(hilltop.id):
        found = answering(Mode.CLINICAL)
        assert found is not None
        assert (found.bundle.content_hash, found.state) == (made_up.bundle.content_hash, BundleStanding.ACTIVE)
        told = read_bundle(hilltop.who[Role.ADMIN], made_up.bundle.content_hash)
        said = [(change.state, words.person, words.reason) for change, words in told.history]
        assert said == [("active", *WORDS.values()), ("validated", *WORDS.values())]
        assert Event.objects.using(CLINICAL).filter(action="screening_model.changed").count() == 2
    with inside(riverside.id):
        assert answering(Mode.CLINICAL) is None


def test_what_is_active_already_is_said_to_be(hilltop: Clinic, made_up: MadeUp, shelved: Path) -> None:
    activate(hilltop, made_up.tested)

    with pytest.raises(CommandError, match="cannot happen to the model as it stands"):
        activate(hilltop, made_up.tested)


@pytest.mark.parametrize("which", ["only trained", "shipped"])
def test_a_model_that_did_not_pass_is_refused_with_the_reasons(
    which: str, hilltop: Clinic, made_up: MadeUp, shelved: Path
) -> None:
    folder = made_up.folder if which == "only trained" else FOLDER / next(iter(SHIPPED))

    with pytest.raises(CommandError, match="gate is not passed: (It has not been validated|Stage 1: the lower bound)"):
        activate(hilltop, folder)

    assert not shelved.exists()
    with inside(hilltop.id):
        assert answering(Mode.CLINICAL) is None
        assert not BundleChange.objects.exists()


def test_a_model_of_made_up_patients_answers_nobody_in_production(
    hilltop: Clinic, tmp_path: Path, shelved: Path, settings: Any
) -> None:
    settings.ENVIRONMENT = "production"
    write_bundle(tmp_path / "demo", **content(gate={"passed": True, "reasons": [], "made_up": True}))

    with pytest.raises(CommandError, match="made-up patients: it answers nobody in care"):
        activate(hilltop, tmp_path / "demo")

    assert not shelved.exists()
    with inside(hilltop.id):
        assert answering(Mode.CLINICAL) is None
        assert not BundleChange.objects.exists()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"person": ""}, r"^--person is required\.$"),
        ({"reason": " "}, r"^--reason is required\.$"),
        ({"person": " ", "reason": ""}, r"^--person is required, --reason is required\.$"),
    ],
)
def test_a_model_for_which_nobody_answers_is_refused(
    said: dict[str, str], words: str, hilltop: Clinic, made_up: MadeUp, shelved: Path
) -> None:
    with pytest.raises(CommandError, match=words):
        activate(hilltop, made_up.tested, **said)

    assert not shelved.exists()
    with inside(hilltop.id):
        assert answering(Mode.CLINICAL) is None
        assert not BundleChange.objects.exists()
