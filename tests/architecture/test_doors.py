"""Other apps enter an app through its public.py; the domain knows nothing of the web; nobody ships on tests."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT, imports, plant, sources, within

FOUNDATIONS = frozenset({"client", "kernel", "postgres"})  # no apps: every module of theirs may be used from above
DOMAIN = frozenset({"models", "rules", "errors", "services", "queries", "public"})
WEB = ("ninja", "django.http", "django.shortcuts", "django.views", "django.urls")


def forced_doors(root: Path) -> list[str]:
    found = []
    for source in sources(root):
        if source.app is None or source.is_test:
            continue
        for line, imported in imports(source.tree):
            parts = imported.split(".")
            if parts[0] != "chiron" or len(parts) < 2 or parts[1] in {source.app, *FOUNDATIONS}:
                continue
            if parts[2:3] != ["public"]:
                found.append(f"{source.name}:{line} enters {parts[1]} by {imported}")
    return found


def web_in_the_domain(root: Path) -> list[str]:
    found = []
    for source in sources(root):
        parts = source.name.removesuffix(".py").split("/")
        if source.app in {None, *FOUNDATIONS} or source.is_test or parts[2] not in DOMAIN:
            continue
        found += [f"{source.name}:{line} imports {what}" for line, what in imports(source.tree) if within(what, *WEB)]
    return found


def leaning_on_tests(root: Path) -> list[str]:
    """Tests are left out of the wheel, so what ships must not import them."""
    found = []
    for source in sources(root):
        if source.name.startswith(("chiron/", "config/")) and not source.is_test:
            modules = ((line, name) for line, name in imports(source.tree) if within(name, "chiron", "config", "tests"))
            found += [f"{source.name}:{line} imports {name}" for line, name in modules if "tests" in name.split(".")]
    return found


def test_apps_enter_each_other_through_the_public_door() -> None:
    assert forced_doors(ROOT) == []


def test_the_domain_knows_nothing_of_the_web() -> None:
    assert web_in_the_domain(ROOT) == []


def test_what_ships_does_not_lean_on_tests() -> None:
    assert leaning_on_tests(ROOT) == []


def test_a_planted_forced_door_is_found(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "chiron/records/services.py",
        "from chiron.registry.models import Patient\n"
        "from chiron.registry.public import patient_for\n"
        "from chiron.registry import public as registry\n"
        "from chiron.records.models import Record\n"
        "from chiron.kernel.clock import now\n",
    )

    assert forced_doors(tmp_path) == ["chiron/records/services.py:1 enters registry by chiron.registry.models.Patient"]


def test_planted_web_in_a_verb_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "chiron/records/services/amend.py", "from django.http import HttpRequest\n")
    plant(tmp_path, "chiron/records/api.py", "from ninja import Router\n")

    assert web_in_the_domain(tmp_path) == ["chiron/records/services/amend.py:1 imports django.http.HttpRequest"]


def test_a_planted_import_of_tests_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "chiron/operations/seed.py", "from chiron.registry.tests.factories import alice\n")

    assert leaning_on_tests(tmp_path) == [
        "chiron/operations/seed.py:1 imports chiron.registry.tests.factories.alice",
    ]


def test_a_planted_upward_import_breaks_the_floors(tmp_path: Path) -> None:
    for package in ("chiron", "config"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    as_it_is = lint_imports(tmp_path)
    with (tmp_path / "chiron" / "kernel" / "clock.py").open("a") as clock:
        clock.write("\nimport chiron.tenancy\n")
    with_the_fault = lint_imports(tmp_path)

    assert as_it_is.returncode == 0, as_it_is.stdout
    assert with_the_fault.returncode == 1
    assert "chiron.kernel.clock -> chiron.tenancy" in with_the_fault.stdout


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
