"""What never arrived whole is removed, later and only that; nothing that is stored or still arrives (FIL-11)."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chiron.audit.models import Event
from chiron.files.errors import UploadAbandoned
from chiron.files.models import File, State
from chiron.files.services import Swept, drop_file, keep_file, remove_files, sweep
from chiron.files.storage import PART_SIZE, folders_of
from chiron.files.tests.factories import NINE, PDF, arrived, opened, parts_of, pdf_of, store
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.operations.tasks import sweep_files
from chiron.vault.public import Safe

TWO_PARTS = pdf_of(2 * PART_SIZE + 1)  # of which a third waits in memory


def swept(hilltop: Any, hours: int = 1) -> Swept:
    return sweep(
        by=Caller(organization_id=hilltop.id), organization_id=hilltop.id, begun_before=NINE + timedelta(hours=hours)
    )


def test_a_late_file_loses_its_parts_and_in_the_next_sweep_its_row(safe: Safe, hilltop: Any) -> None:
    file, _ = arrived(TWO_PARTS)

    first = swept(hilltop)
    assert (first, File.objects.get().state, parts_of(file.id)) == (Swept(1, 2), State.ABANDONED, [])
    assert (swept(hilltop), File.objects.count()) == (Swept(1, 0), 0)
    assert swept(hilltop) == Swept(0, 0)

    events = Event.objects.using("clinical").filter(action="file.swept")
    assert events.count() == 2


def test_what_is_stored_or_still_young_stays(safe: Safe, hilltop: Any) -> None:
    kept, (young, receiver) = store(PDF, safe), arrived(TWO_PARTS)
    File.objects.filter(id=young.id).update(begun_at=NINE + timedelta(hours=2))

    assert swept(hilltop) == Swept(0, 0)

    assert b"".join(opened(kept, safe).read()) == PDF
    file = keep_file(file_id=young.id, manifest=receiver.finish(), safe=safe)
    assert b"".join(opened(file, safe).read()) == TWO_PARTS


def test_a_file_that_was_swept_while_it_arrived_is_not_kept(safe: Safe, hilltop: Any) -> None:
    file, receiver = arrived(TWO_PARTS)
    swept(hilltop)
    manifest = receiver.finish()

    with pytest.raises(UploadAbandoned):
        keep_file(file_id=file.id, manifest=manifest, safe=safe)

    assert (swept(hilltop), parts_of(file.id)) == (Swept(1, 1), [])
    assert (swept(hilltop), File.objects.count()) == (Swept(1, 0), 0)


def test_dropping_removes_what_arrived_and_nothing_that_is_stored(safe: Safe, hilltop: Any) -> None:
    kept, (file, _) = store(PDF, safe), arrived(TWO_PARTS)

    for each in (kept, file, file):
        drop_file(organization_id=hilltop.id, file_id=each.id)

    assert parts_of(file.id) == []
    assert list(File.objects.all()) == [kept]
    assert b"".join(opened(kept, safe).read()) == PDF


def test_what_cannot_be_dropped_now_is_swept_later(safe: Safe, hilltop: Any, dead_storage: Any) -> None:
    file, _ = arrived(TWO_PARTS)

    with dead_storage():
        drop_file(organization_id=hilltop.id, file_id=file.id)

    assert (File.objects.get().state, len(parts_of(file.id))) == (State.ABANDONED, 2)
    assert swept(hilltop) == Swept(1, 2)


def test_the_command_sweeps_every_organization(safe: Safe, hilltop: Any) -> None:
    arrived(TWO_PARTS)
    told = StringIO()

    call_command("sweep_files", hours=0, stdout=told)

    assert told.getvalue().strip() == "1 files swept, 2 parts removed"


def test_the_hourly_job_sweeps_what_is_a_day_old(safe: Safe, hilltop: Any) -> None:
    old, young = arrived(TWO_PARTS)[0], arrived(TWO_PARTS)[0]
    File.objects.filter(id=young.id).update(begun_at=now() - timedelta(hours=23))
    File.objects.filter(id=old.id).update(begun_at=now() - timedelta(hours=25))

    sweep_files()

    assert (parts_of(old.id), len(parts_of(young.id))) == ([], 2)


def test_the_command_says_that_the_storage_is_out_of_reach(safe: Safe, hilltop: Any, dead_storage: Any) -> None:
    file, _ = arrived(TWO_PARTS)

    with dead_storage(), pytest.raises(CommandError, match="out of reach"):
        call_command("sweep_files", hours=0)

    assert len(parts_of(file.id)) == 2


def test_an_organization_that_is_removed_takes_its_files_along(safe: Safe, hilltop: Any, riverside: Any) -> None:
    remove_files(hilltop.id)  # of tests before this one
    store(PDF, safe)
    arrived(TWO_PARTS)
    others = folders_of(riverside.id)

    assert remove_files(hilltop.id) == 3
    assert (remove_files(hilltop.id), folders_of(hilltop.id), folders_of(riverside.id)) == (0, [], others)
