"""``make bench``: every measurement, or those that are named; ``--quick`` only tries whether they run."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import api, booking, bridge, classify, import_fhir, reminders, screening, sealing, streams, tenants
from bench.ground import installation, machine

MEASUREMENTS: dict[str, Callable[[], None]] = {
    "api": api.measure,
    "booking": booking.measure,
    "bridge": bridge.measure,
    "classify": classify.measure,
    "import": import_fhir.measure,
    "reminders": reminders.measure,
    "screening": screening.measure,
    "sealing": sealing.measure,
    "streams": streams.measure,
    "tenants": tenants.measure,
}
QUICK: dict[str, Callable[[], None]] = {
    "api": lambda: api.measure(rounds=2, calls=3, patients=20),
    "booking": lambda: booking.measure(rounds=2, calls=3),
    "bridge": lambda: bridge.measure(rounds=2, calls=40),
    "classify": lambda: classify.measure(calls=20, trees=20),
    "import": lambda: import_fhir.measure(rounds=1),
    "reminders": lambda: reminders.measure(reminders=10, rounds=1),
    "screening": lambda: screening.measure(rounds=2, rows=400, trees=20),
    "sealing": lambda: sealing.measure(rounds=2, batch=100),
    "streams": lambda: streams.measure(streams=20, rounds=1, calls=40, seconds=1),
    "tenants": lambda: tenants.measure(organizations=4, at_a_time=2, rounds=1),
}


def main(arguments: list[str]) -> None:
    """Measure in an installation that is removed afterwards."""
    quick = "--quick" in arguments
    names = [each for each in arguments if each != "--quick"] or list(MEASUREMENTS)
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        sys.exit(f"There is no measurement {', '.join(unknown)}: {', '.join(MEASUREMENTS)}.")
    print(machine())
    with tempfile.TemporaryDirectory(prefix="chiron-bench-") as folder, installation(Path(folder)):
        for name in names:
            (QUICK if quick else MEASUREMENTS)[name]()


main(sys.argv[1:])
