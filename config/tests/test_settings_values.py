"""Values that cannot be meant stop the start by name, whatever the environment; asked of the readers themselves."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from chiron.kernel.db import ALIASES
from chiron.postgres.home import Home
from config import environment, startup
from config.settings.checks import refuse_unsafe
from config.settings.databases import by_url, databases, is_embedded
from config.tests.test_settings import SAFE, URL

OWNERS = {f"{alias.upper()}_OWNER_URL": URL.format(alias) for alias in ALIASES}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A folder of its own."""
    return Home(tmp_path)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Sets the environment to exactly these settings."""
    monkeypatch.chdir(tmp_path)
    for setting in environment.SETTINGS:
        for name in (setting.name, *setting.also):
            monkeypatch.delenv(name, raising=False)

    def given(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    return given


@pytest.mark.parametrize(("said", "meant"), [("true", True), (" ON", True), ("1", True), ("no", False), ("0", False)])
def test_true_and_false_have_several_names(said: str, meant: bool, given: Any) -> None:
    given(DEBUG=said)

    assert environment.flag("DEBUG") is meant


def test_what_is_neither_true_nor_false_is_refused(given: Any) -> None:
    given(DEBUG="maybe")

    with pytest.raises(ImproperlyConfigured, match="DEBUG is 'maybe': it must be true or false"):
        environment.flag("DEBUG")


@pytest.mark.parametrize("said", ["one", "-1", "1.5", "\u0663"])
def test_what_is_no_whole_number_is_refused(said: str, given: Any) -> None:
    given(TRUSTED_PROXIES=said)

    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES is .*: it must be a whole number"):
        environment.number("TRUSTED_PROXIES")


def test_a_secret_in_two_forms_is_refused(given: Any, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("one")
    given(AUDIT_SIGNING_KEY="another", AUDIT_SIGNING_KEY_FILE=str(tmp_path / "key"))

    with pytest.raises(ImproperlyConfigured, match="AUDIT_SIGNING_KEY and AUDIT_SIGNING_KEY_FILE are both set"):
        environment.read("AUDIT_SIGNING_KEY")


def test_a_file_that_is_no_text_is_refused(given: Any, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    given(AUDIT_SIGNING_KEY_FILE=str(tmp_path / "key"))

    with pytest.raises(ImproperlyConfigured, match=r"cannot be read \(it is no text\)"):
        environment.read("AUDIT_SIGNING_KEY")


@pytest.mark.parametrize("url", ["nonsense", "mysql://a:hush@h/d", "postgres://a:hush@h:xx/d", "postgres://a:hush@h/"])
def test_a_url_that_names_no_database_is_refused_and_not_repeated(url: str, given: Any, home: Home) -> None:
    given(**SAFE | {"CLINICAL_DATABASE_URL": url})

    with pytest.raises(ImproperlyConfigured, match="CLINICAL_DATABASE_URL is no URL such as postgresql://") as refusal:
        databases(home)

    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize("prefix", ["Chiron", "a-b", "1st", "x; DROP ROLE y", "a_prefix_that_is_long"])
def test_a_prefix_that_no_role_could_bear_is_refused(prefix: str, given: Any, home: Home) -> None:
    given(POSTGRES_HOST="db", POSTGRES_PASSWORD="p", POSTGRES_DB=prefix)

    with pytest.raises(ImproperlyConfigured, match="POSTGRES_DB is "):
        databases(home)


def test_some_databases_of_three_are_refused_and_nothing_is_made_up(given: Any, home: Home, tmp_path: Path) -> None:
    given(CLINICAL_DATABASE_URL=SAFE["CLINICAL_DATABASE_URL"])

    with pytest.raises(ImproperlyConfigured, match="ACCOUNTS_DATABASE_URL and RESEARCH_DATABASE_URL missing: name all"):
        databases(home)

    assert not is_embedded()
    assert list(tmp_path.iterdir()) == []


def test_production_never_runs_a_server_of_its_own(given: Any, home: Home, tmp_path: Path) -> None:
    given(ENVIRONMENT="production")

    assert not is_embedded()
    assert databases(home)[0] == {alias: {} for alias in ALIASES}
    assert list(tmp_path.iterdir()) == []


def test_options_of_a_url_are_kept_beside_ours(given: Any, home: Home) -> None:
    given(**SAFE | {"CLINICAL_DATABASE_URL": URL.format("clinical") + "?sslmode=require"})

    runtime, owners, _ = databases(home)

    assert runtime["clinical"]["OPTIONS"] == {"connect_timeout": 3, "sslmode": "require"}
    assert runtime["accounts"]["OPTIONS"] == {"connect_timeout": 3}
    for parameters in runtime.values():
        assert (parameters["CONN_MAX_AGE"], parameters["DISABLE_SERVER_SIDE_CURSORS"]) == (None, True)
    assert owners == {alias: {} for alias in ALIASES}


def test_workers_pass_by_the_pooler_where_they_are_told_to(given: Any) -> None:
    given(**SAFE)
    assert by_url("clinical", "DIRECT") == {}

    given(CLINICAL_DIRECT_URL="postgresql://login:password@server:5433/clinical")

    direct = by_url("clinical", "DIRECT")
    assert (direct["HOST"], direct["PORT"], direct["NAME"]) == ("server", 5433, "clinical")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"JWT_SIGNING_KEY": SAFE["MASTER_ENCRYPTION_KEY"]}, "MASTER_ENCRYPTION_KEY and JWT_SIGNING_KEY are the same"),
        ({"RESEARCH_DATABASE_URL": SAFE["CLINICAL_DATABASE_URL"]}, "name one database twice"),
        (OWNERS, "CLINICAL_DATABASE_URL logs in as the owner: give it the runtime login"),
        ({"POSTGRES_HOST": "db", "POSTGRES_PASSWORD": "Postgres"}, "POSTGRES_PASSWORD is a well-known default"),
        ({"POSTGRES_HOST": "db", "POSTGRES_PASSWORD": "changeme1"}, "POSTGRES_PASSWORD is a well-known default"),
    ],
)
def test_production_refuses_databases_and_keys_that_do_not_part_anything(
    changes: dict[str, str], told: str, given: Any
) -> None:
    given(**SAFE)
    refuse_unsafe()

    given(**changes)

    with pytest.raises(ImproperlyConfigured, match=told):
        refuse_unsafe()


def test_a_login_that_may_do_anything_is_refused_in_production(
    town: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "MIGHTY", startup.MIGHTY.replace("rolsuper", "NOT rolsuper"))
    settings.ENVIRONMENT = "production"

    with pytest.raises(ImproperlyConfigured, match="clinical: the login may do anything: give CLINICAL_DATABASE_URL"):
        startup.refuse_unsafe_servers()
