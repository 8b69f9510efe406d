"""Settings: read in one place, told apart, and in production never unsafe. Each start is a process of its own."""

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connections

from chiron.kernel.db import cursor
from config import environment, startup
from config.documentation import pages

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(range(32, 64))).decode()
URL = "postgres://login:pass@127.0.0.1:1/{}"
SAFE = {
    "ENVIRONMENT": "production",
    "ALLOWED_HOSTS": "records.example.org",
    "DJANGO_SECRET_KEY": "k" * 50,
    "MASTER_ENCRYPTION_KEY": KEY,
    "AUDIT_SIGNING_KEY": "a" * 40,
    "JWT_SIGNING_KEY": OTHER_KEY,
    "JWT_REFRESH_SECRET_KEY": "r" * 40,
    "EMAIL_URL": "smtp://mail.example.org",
    "CHIRON_PUBLIC_URL": "https://clinic.example.org",
    **{f"{alias}_DATABASE_URL": URL.format(alias.lower()) for alias in ("ACCOUNTS", "CLINICAL", "RESEARCH")},
}
START = "from django.conf import settings; print(settings.{})"
CHECK = """
import django; django.setup()
from config import startup; startup.unsafe_servers = list
from django.core.management import call_command; call_command("check", "--deploy", "--fail-level", "INFO")
"""


def start(tmp_path: Path, show: str = "DEBUG", /, **named: str | None) -> Any:
    """A process that loads the settings, and no app, with this environment alone; what is None is not in it."""
    return run(tmp_path, START.format(show), **named)


def run(tmp_path: Path, code: str, **named: str | None) -> Any:
    wanted = {"PATH": os.defpath, "CHIRON_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings",
              "PYTHONPATH": str(settings.BASE_DIR), **named}  # fmt: skip
    environ = {name: value for name, value in wanted.items() if value is not None}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_when_everything_is_set(tmp_path: Path) -> None:
    done = start(tmp_path, "DEBUG", **SAFE)

    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_production_passes_the_check_before_a_deployment(tmp_path: Path) -> None:
    done = run(tmp_path, CHECK, **SAFE | {"DJANGO_SECRET_KEY": f"{KEY}{OTHER_KEY}"})

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("System check identified no issues")


def test_the_cookies_of_productions_administration_are_of_one_host_and_of_https(tmp_path: Path) -> None:
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
    domains = ("SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "CSRF_COOKIE_PATH")

    done = start(tmp_path, ", settings.".join((*names, *domains)), **SAFE)

    assert done.stdout == "__Host-chiron-admin __Host-chiron-admin-csrf True True None None / /\n", done.stderr


def test_production_needs_no_master_key_of_its_own_beside_one_at_kms(tmp_path: Path) -> None:
    nowhere = {"KMS_KEY_ID": "alias/chiron", "KMS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "a",
               "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "eu-central-1"}  # fmt: skip

    done = run(tmp_path, "import django; django.setup()", **SAFE | {"MASTER_ENCRYPTION_KEY": None} | nowhere)

    assert "MASTER_ENCRYPTION_KEY is missing" not in done.stderr
    assert "The master key that KMS_KEY_ID names cannot be used (EndpointConnectionError)" in done.stderr


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"DEBUG": "true"}, "DEBUG is on: unset it."),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS allows every host"),
        ({"MASTER_ENCRYPTION_KEY": ""}, "MASTER_ENCRYPTION_KEY is missing: set it, or MASTER_ENCRYPTION_KEY_FILE."),
        ({"DJANGO_SECRET_KEY": ""}, "DJANGO_SECRET_KEY is missing"),
        ({"DJANGO_SECRET_KEY": "insecure-" + "x" * 50}, "DJANGO_SECRET_KEY is too short or a well-known default"),
        ({"AUDIT_SIGNING_KEY": ""}, "AUDIT_SIGNING_KEY is missing"),
        ({"AUDIT_SIGNING_KEY": "short"}, "AUDIT_SIGNING_KEY is too short"),
        ({"JWT_REFRESH_SECRET_KEY": "changeme" * 8}, "JWT_REFRESH_SECRET_KEY is too short or a well-known default"),
        ({"JWT_SIGNING_KEY": ""}, "JWT_SIGNING_KEY is missing"),
        ({"JWT_SIGNING_KEY": "x"}, "JWT_SIGNING_KEY is too short"),
        ({"JWT_ACCEPTED_KEYS": f"{KEY},x"}, "JWT_ACCEPTED_KEYS holds one that is too short"),
        ({"JWT_SIGNING_KEY": "", "JWT_SECRET_KEY": "secret"}, "JWT_SECRET_KEY is too short or a well-known default"),
        (
            {"MASTER_ENCRYPTION_KEY": "", "MASTER_ENCRYPTION_KEY_FILE": "/nowhere"},
            "MASTER_ENCRYPTION_KEY_FILE names a file that cannot be read",
        ),
        ({"METRICS_TOKEN": "guess-me"}, "METRICS_TOKEN is too short or a well-known default"),
        ({"CLINICAL_DATABASE_URL": ""}, "CLINICAL_DATABASE_URL is missing: name the database, or set POSTGRES_HOST"),
        ({"POSTGRES_HOST": "db", "POSTGRES_PASSWORD": ""}, "POSTGRES_PASSWORD is missing"),
    ],
)
def test_production_refuses_what_is_unsafe_and_says_what_to_set(
    changes: dict[str, str], told: str, tmp_path: Path
) -> None:
    done = start(tmp_path, "DEBUG", **SAFE | changes)

    assert done.returncode != 0
    assert told in done.stderr


def test_everything_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    done = start(tmp_path, "DEBUG", ENVIRONMENT="production")

    for name in (*SAFE, "JWT_SIGNING_KEY"):
        assert name == "ENVIRONMENT" or f"- {name} is" in done.stderr


def test_a_misspelt_setting_stops_the_start_by_name(tmp_path: Path) -> None:
    done = start(tmp_path, "DEBUG", CHIRON_HOEM="/somewhere")

    assert done.returncode != 0
    assert "Unknown settings CHIRON_HOEM" in done.stderr


def test_an_environment_that_does_not_exist_stops_the_start(tmp_path: Path) -> None:
    done = start(tmp_path, "DEBUG", ENVIRONMENT="staging")

    assert done.returncode != 0
    assert "development, testing or production" in done.stderr


def test_a_secret_may_come_from_a_file_and_under_its_older_name(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file of enough characters for a key\n")

    by_file = start(tmp_path, "SECRET_KEY", DJANGO_SECRET_KEY_FILE=str(secret))
    by_older_name = start(tmp_path, "SECRET_KEY", SECRET_KEY="an older name")

    assert by_file.stdout == "from a file of enough characters for a key\n"
    assert by_older_name.stdout == "an older name\n"


def test_what_is_set_to_nothing_is_not_set(tmp_path: Path) -> None:
    done = start(tmp_path, "TRUSTED_PROXIES, settings.ALLOWED_HOSTS", TRUSTED_PROXIES="", ALLOWED_HOSTS="")

    assert done.stdout == "0 ['localhost', '127.0.0.1', '[::1]']\n", done.stderr


def test_the_signing_key_is_derived_where_only_its_older_form_is_given(tmp_path: Path) -> None:
    one, again, other = (start(tmp_path, "JWT_SIGNING_KEY", JWT_SECRET_KEY=name) for name in ("one", "one", "other"))

    assert one.stdout == again.stdout != other.stdout
    assert len(base64.urlsafe_b64decode(one.stdout.strip())) == 32


def test_a_file_in_the_folder_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ALLOWED_HOSTS=from.file\nTRUSTED_PROXIES=2\n")

    assert start(tmp_path, "ALLOWED_HOSTS").stdout == "['from.file']\n"
    assert start(tmp_path, "ALLOWED_HOSTS", ALLOWED_HOSTS="from.environment").stdout == "['from.environment']\n"
    assert start(tmp_path, "TRUSTED_PROXIES").stdout == "2\n"


def test_browsers_of_other_origins_are_answered_only_where_some_are_named(tmp_path: Path) -> None:
    middleware = "MIDDLEWARE[2], settings.CORS_ALLOWED_ORIGINS"

    assert start(tmp_path, middleware).stdout == "chiron.kernel.middleware.front []\n"
    assert start(tmp_path, middleware, CORS_ORIGINS="https://a.example").stdout == (
        "corsheaders.middleware.CorsMiddleware ['https://a.example']\n"
    )


def test_https_is_believed_only_of_our_own_proxies(tmp_path: Path) -> None:
    assert start(tmp_path, "SECURE_PROXY_SSL_HEADER").stdout == "None\n"
    assert start(tmp_path, "SECURE_PROXY_SSL_HEADER", TRUSTED_PROXIES="1").stdout == (
        "('HTTP_X_FORWARDED_PROTO', 'https')\n"
    )


@pytest.mark.parametrize("form", ["CHIRON_HOME={}", "CHIRON_HOME_FILE={}/name"])
def test_the_home_may_be_named_in_a_file_like_everything_else(form: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "name").write_text(f"{home}\n")
    (tmp_path / ".env").write_text(form.format(home if "FILE" not in form else tmp_path))

    done = start(tmp_path, "HOME.path", CHIRON_HOME=None)

    assert done.stdout == f"{home}\n", done.stderr
    assert (home / "secrets.json").exists()


def test_the_example_lists_exactly_the_documented_settings() -> None:
    lines = (settings.BASE_DIR / ".env.example").read_text().splitlines()
    named = [line.removeprefix("# ").partition("=")[0] for line in lines if line.startswith("# ") and "=" in line]

    assert named == [setting.name for setting in environment.SETTINGS]
    assert pages()[".env.example"].splitlines() == lines


def test_a_server_that_loses_what_it_acknowledged_is_refused_in_production(town: Any, settings: Any) -> None:
    with cursor("accounts") as session:
        session.execute("SET LOCAL synchronous_commit = off")

    faults = startup.unsafe_servers()

    assert "accounts: synchronous_commit is off and loses acknowledged records at a crash: set it to on." in faults
    assert not [fault for fault in faults if fault.startswith("clinical: synchronous_commit")]
    startup.refuse_unsafe_servers()
    settings.ENVIRONMENT = "production"
    with pytest.raises(ImproperlyConfigured, match=r"- accounts: synchronous_commit is off .* set it to on"):
        startup.refuse_unsafe_servers()


def test_a_server_that_is_too_old_is_refused(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "OLDEST", 99)

    version = connections["accounts"].pg_version // 10000  # type: ignore[attr-defined]
    assert f"accounts: PostgreSQL {version} is too old: 99 or newer is needed." in startup.unsafe_servers()


def test_the_check_before_a_deployment_asks_the_servers(town: Any, capsys: Any) -> None:
    with cursor("accounts") as session:
        session.execute("SET LOCAL synchronous_commit = off")

    with pytest.raises(SystemCheckError, match=r"\(chiron.E001\) accounts: synchronous_commit is off"):
        call_command("check", "--deploy", "--tag", "security")

    call_command("check", "--tag", "security")


def test_the_check_before_a_deployment_names_a_server_out_of_reach(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> list[str]:
        raise OperationalError

    monkeypatch.setattr(startup, "unsafe_servers", unreachable)

    with pytest.raises(SystemCheckError, match=r"\(chiron.E002\) A database is out of reach"):
        call_command("check", "--deploy", "--tag", "security")


@pytest.mark.parametrize(
    ("named", "addresses"),
    [
        ({}, "config.urls"),
        ({"CHIRON_ONLY": "identity"}, "config.urls_identity"),
        ({"AUTH_SERVICE_URL": "https://auth.clinic.example/"}, "config.urls_clinical"),
        ({"CHIRON_ONLY": "identity", "AUTH_SERVICE_URL": "https://auth.clinic.example"}, "config.urls_identity"),
    ],
)
def test_a_process_serves_all_or_signs_in_or_has_others_sign_in(
    named: dict[str, str], addresses: str, tmp_path: Path
) -> None:
    assert start(tmp_path, "ROOT_URLCONF", **named).stdout.strip() == addresses


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"CHIRON_ONLY": "clinical"}, "CHIRON_ONLY (--only) is 'clinical'"),
        ({"AUTH_SERVICE_URL": "auth.clinic.example"}, "AUTH_SERVICE_URL is no URL"),
        ({"AUTH_SERVICE_URL": "file:///etc/passwd"}, "AUTH_SERVICE_URL is no URL"),
    ],
)
def test_another_form_is_refused(named: dict[str, str], message: str, tmp_path: Path) -> None:
    done = start(tmp_path, **named)

    assert done.returncode != 0
    assert message in done.stderr


def test_who_only_signs_people_in_needs_no_database_but_accounts(tmp_path: Path) -> None:
    alone = {**SAFE, "CHIRON_ONLY": "identity", "CLINICAL_DATABASE_URL": None, "RESEARCH_DATABASE_URL": None}

    done = start(tmp_path, "NEEDED_DATABASES, settings.DATABASES['clinical']['HOST']", **alone)

    assert done.stdout == "('accounts',) /nowhere\n", done.stderr
    assert "CLINICAL_DATABASE_URL is missing" in start(tmp_path, **alone | {"CHIRON_ONLY": None}).stderr
    without = start(tmp_path, **alone | {"ACCOUNTS_DATABASE_URL": None}).stderr
    assert "ACCOUNTS_DATABASE_URL is missing" in without
