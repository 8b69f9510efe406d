"""The files of an import: which there are, what stands for itself among them, and each unit of work as it is done."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from threading import Event
from uuid import UUID

from django.db import OperationalError

from chiron.interop.errors import Refused
from chiron.interop.fhir.bundle import read_bundle
from chiron.interop.fhir.crew import Crew
from chiron.interop.fhir.gathering import Gathering, Load, import_large
from chiron.interop.fhir.importing import import_bundle, is_known
from chiron.interop.fhir.pieces import LARGE, Source
from chiron.interop.fhir.report import Report, Tally
from chiron.kernel.access import Caller
from chiron.kernel.clock import now as by_the_clock

DIRECTORIES = ("hospitalInformation", "practitionerInformation")
LINES = ".ndjson"
ENDED = "A process ended before this was done. Start the import again."
INTERRUPTED = "The database was not there or broke off; nothing of this was kept. Start the import again."


def files_in(paths: Iterable[Path]) -> list[Path]:
    """The files themselves, and the *.json and *.ndjson in folders and below, each once; directories first."""
    found = (each for path in paths for each in (sorted(below(path)) if path.is_dir() else [path]))
    return sorted(dict.fromkeys(found), key=lambda file: not file.name.startswith(DIRECTORIES))


def below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix in (".json", LINES) and not path.is_dir())


def import_file(*, by: Caller, organization_id: UUID, file: Path, now: datetime) -> Report | Refused:
    """Import one bundle or single resource; one too large to hold is brought patient by patient."""
    try:
        if file.is_file() and file.stat().st_size > LARGE:
            return import_large(by=by, organization_id=organization_id, file=file, now=now)
        bundle = read_bundle(file, partial(is_known, organization_id))
        return import_bundle(by=by, organization_id=organization_id, bundle=bundle, now=now)
    except Refused as refusal:
        return refusal
    except OperationalError:
        return Refused(file.name, None, INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Step:
    """A part of an import that is done: what became of it, how many files it ends, and their bytes."""

    result: Report | Refused
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Work:
    """Brings a file or a load in whichever process it is done; a database that breaks off refuses only that."""

    by: Caller
    organization_id: UUID

    def __call__(self, task: Path | Load) -> Report | Refused:
        if isinstance(task, Path):
            return import_file(by=self.by, organization_id=self.organization_id, file=task, now=by_the_clock())
        try:
            return task.bring(by=self.by, organization_id=self.organization_id, now=by_the_clock())
        except OperationalError:
            return undone(task, INTERRUPTED)


def import_all(
    *, by: Caller, organization_id: UUID, files: Sequence[Path], workers: int = 1, stop: Event | None = None
) -> Iterator[Step]:
    """Import bundles and bulk exports, in so many processes; yields each part as it is done.

    All NDJSON files of a folder are one export: their lines may refer to each other, and each line stands for itself.
    Files that only say who treats and where come before all others, which are taken in any order. Once `stop` is set,
    what was begun is finished and nothing else is begun.
    """
    work = Work(by, organization_id)
    single = [file for file in files if file.suffix != LINES]
    directories = [file for file in single if file.name.startswith(DIRECTORIES)]
    lines = sorted((file for file in files if file.suffix == LINES), key=lambda file: file.parent)
    with Crew(workers, stop or Event()) as crew:
        for file in directories:
            yield Step(work(file), 1, size_of(file))
        for task, result in crew.do(work, (file for file in single if file not in directories)):
            yield Step(result or Refused(task.name, None, ENDED), 1, size_of(task))
        for _, export in groupby(lines, key=lambda file: file.parent):
            if not crew.stop.is_set():
                yield from import_export(list(export), work, crew)


def import_export(files: Sequence[Path], work: Work, crew: Crew) -> Iterator[Step]:
    """The NDJSON files of one bulk export; patients are brought once it is known who treats them, and where."""
    gathering = Gathering([Source(file, lines=True) for file in files], work.organization_id)
    yield Step(surveyed(gathering), len(files), 0)
    for load in gathering.directory():
        result = work(load)
        if isinstance(result, Report):
            gathering.treats(result)
        yield Step(result, 0, load.size)
    for load, brought in crew.do(work, gathering.patients()):
        yield Step(brought or undone(load, ENDED), 0, load.size)


def surveyed(gathering: Gathering) -> Report | Refused:
    """What an export loses before anything of it is brought; all of it where it could not be read to its end."""
    refused: list[Refused] = []
    try:
        gathering.survey(refused.append)
    except Refused as refusal:
        return refusal
    except OperationalError:
        return gathering.sources[0].refused(None, INTERRUPTED)
    return Report("", Tally(), (), refused=tuple(refused))


def undone(load: Load, reason: str) -> Refused:
    """The refusal of all that a load holds, told of its first line."""
    first = load.groups[0][0].piece
    types = (listed.resource_type for group in load.groups for listed in group)
    return load.sources[first.file].refused(first.number, reason).counting(types)


def size_of(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
