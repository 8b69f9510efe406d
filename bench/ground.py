"""What every measurement stands on: an installation of its own, processor time, and ratios of alternating rounds."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Of one round, in seconds; ``processor`` is that of this process and of its PostgreSQL backends together."""

    wall: float
    processor: float


@contextmanager
def installation(folder: Path) -> Iterator[None]:
    """An embedded server with durable settings, migrated, in that folder."""
    folder.chmod(0o755)
    os.environ |= {"CHIRON_HOME": str(folder / "home"), "DJANGO_SETTINGS_MODULE": "config.settings.development"}
    import django
    from django.conf import settings
    from django.core.management import call_command

    from chiron.postgres.server import using

    django.setup()
    with using(settings.HOME), open(os.devnull, "w") as nowhere:
        call_command("setup_databases", stdout=nowhere)
        call_command("migrate", verbosity=0)
        yield


@contextmanager
def measured(*backends: int) -> Iterator[list[Cost]]:
    """The cost of the block, put into the list at its end."""
    costs: list[Cost] = []
    wall, own, servers = time.perf_counter(), time.process_time(), sum(map(processor_of, backends))
    yield costs
    used = time.process_time() - own + sum(map(processor_of, backends)) - servers
    costs.append(Cost(time.perf_counter() - wall, used))


def processor_of(pid: int) -> float:
    """Seconds of processor time that a process of one thread has used, to the nanosecond (Linux)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def alternating(rounds: int, own: Callable[[], Cost], floor: Callable[[], Cost]) -> list[tuple[Cost, Cost]]:
    """Rounds of the product and of its floor in turn, so that a busy moment strikes both."""
    return [(own(), floor()) for _ in range(rounds)]


def ratio(pairs: Sequence[tuple[Cost, Cost]], what: str) -> str:
    """The median of floor through product, 1 being as good as the floor, with the extremes."""
    found = [getattr(floor, what) / max(getattr(own, what), 1e-9) for own, floor in pairs]
    return f"{statistics.median(found):5.2f}   ({min(found):.2f} to {max(found):.2f})"


def machine() -> str:
    """On what it was measured, in general words."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    return f"{os.cpu_count()} x {models[0] if models else platform.machine()}, Python {platform.python_version()}"
