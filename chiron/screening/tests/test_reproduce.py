"""An old answer is made again from what was kept (ML-03), long after, and an altered one is found out."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL
from chiron.kernel.ids import new_id
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Screening
from chiron.screening.sealing import safe_of
from chiron.screening.services.bundles import Words, change_state
from chiron.screening.services.classify import Asked, classify
from chiron.screening.services.prevalence import say_prevalence
from chiron.screening.services.reproduce import answer_again, result_of
from chiron.screening.shapes import COUNT, Classify
from chiron.screening.tests.factories import NOW
from chiron.screening.words import BundleStanding
from chiron.tenancy.public import inside
from tests.town import Clinic


def counted(**said: Any) -> Asked:
    return Classify.model_validate({"age": 67, "sex": "female", "cbc": COUNT} | said).asked()


def reproduced(clinic: Clinic, screening_id: object) -> str:
    out = StringIO()
    call_command("screening", "reproduce", str(screening_id), organization=clinic.organization.slug, stdout=out)
    return out.getvalue()


def test_the_same_question_has_the_same_bytes_at_any_time(hilltop: Clinic, bundle: Bundle) -> None:
    by = hilltop.who[Role.ADMIN]
    with inside(hilltop.id):
        first = classify(by=by, asked=counted(), now=NOW).screening
        later = classify(by=by, asked=counted(), now=NOW + timedelta(days=365)).screening

        assert result_of(first) == result_of(later)
        assert first.input_hash == later.input_hash


def test_an_old_answer_comes_out_the_same_though_all_around_has_changed(hilltop: Clinic, bundle: Bundle) -> None:
    by = hilltop.who[Role.ADMIN]
    with inside(hilltop.id):
        rows = [
            classify(by=by, asked=counted(**said), now=NOW).screening
            for said in ({}, {"pregnant": True}, {"patient_id": str(hilltop.patient_id)})
        ]
        say_prevalence(by=by, share=0.2, source="Measured here", now=NOW)
        change_state(
            by=by, content_hash=bundle.content_hash, state=BundleStanding.VALIDATED, words=Words("Dr Osei", "Yes"),
            now=NOW,
        )  # fmt: skip

    assert {reproduced(hilltop, row.id) for row in rows} == {"The same, byte for byte.\n"}
    with inside(hilltop.id):
        events = Event.objects.using(CLINICAL).filter(action="screening.reproduced")
        assert {each.resource_id for each in events} == {row.id for row in rows}


def test_an_answer_that_is_not_what_was_given_is_found_out(
    hilltop: Clinic, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    with inside(hilltop.id):
        row = classify(by=hilltop.who[Role.ADMIN], asked=counted(), now=NOW).screening
        other = result_of(row).replace(b'"NORMAL"', b'"DEFICIENT"')
        row.result = safe_of(row).seal(row, "result", other.decode())
        row.save()
        assert answer_again(row) != result_of(row)

    with pytest.raises(SystemExit):
        call_command("screening", "reproduce", str(row.id), organization=hilltop.organization.slug)
    assert capsys.readouterr().out == "It comes out differently today.\n"


def test_what_is_not_there_is_not_reproduced(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        assert not Screening.objects.exists()

    with pytest.raises(CommandError, match="There is nothing here"):
        reproduced(hilltop, new_id())
    with pytest.raises(CommandError, match="Name the organization"):
        call_command("screening", "reproduce", str(new_id()))
