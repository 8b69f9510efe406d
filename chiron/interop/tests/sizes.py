"""Imports a file to warm up, then another, and prints by how many MiB that raised the memory of this process."""

import json
import sys
from pathlib import Path

import django


def mebibytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    django.setup()
    from django.core.management import call_command

    from chiron.interop.fhir import files

    organization, warm_up, measured = sys.argv[1:]
    vars(files).update(LARGE=0)  # no file is so small that it may be held
    call_command("import_fhir", Path(warm_up), organization=organization)
    before = mebibytes("VmRSS")
    call_command("import_fhir", Path(measured), organization=organization, json=True)
    sys.stderr.write(json.dumps({"growth": mebibytes("VmHWM") - before}))
