"""Which server the shared cache is at: what cannot be meant stops the start by name."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.settings.caches import caches

DUMMY = "django.core.cache.backends.dummy.DummyCache"
NAMES = ("REDIS_URL", "UPSTASH_REDIS_URL", "UPSTASH_REDIS_TOKEN")
ENDPOINT = "eu1-calm-lion-1234.upstash.io"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Sets the environment to exactly these settings."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)

    def given(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    return given


def place() -> str:
    [location] = caches()["shared"]["LOCATION"]
    return str(location)


def test_where_no_server_is_named_nothing_is_shared(given: Any) -> None:
    given()

    assert caches()["shared"]["BACKEND"] == DUMMY


@pytest.mark.parametrize("url", ["redis://cache:6379/1", "rediss://:word@cache.internal", "unix:///run/valkey.sock"])
def test_a_server_is_named_by_its_url(url: str, given: Any) -> None:
    given(REDIS_URL=url)

    assert place() == url


@pytest.mark.parametrize("url", ["cache:6379", "http://cache", "redis://", "redis://cache:port", "unix://"])
def test_what_names_no_server_is_refused_and_not_repeated(url: str, given: Any) -> None:
    given(REDIS_URL=url)

    with pytest.raises(ImproperlyConfigured, match="REDIS_URL must be redis") as refusal:
        caches()
    assert "cache" not in str(refusal.value)


@pytest.mark.parametrize("url", [f"https://{ENDPOINT}", f"rediss://{ENDPOINT}:6379", f"rediss://default:x@{ENDPOINT}"])
def test_upstash_is_reached_over_tls_with_its_token_as_password(url: str, given: Any) -> None:
    given(UPSTASH_REDIS_URL=url, UPSTASH_REDIS_TOKEN="to/ken=")

    assert place() == f"rediss://default:to%2Fken%3D@{ENDPOINT}:6379"


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"UPSTASH_REDIS_URL": f"redis://{ENDPOINT}", "UPSTASH_REDIS_TOKEN": "t"}, "must be rediss"),
        ({"UPSTASH_REDIS_TOKEN": "t"}, "must be rediss"),
        ({"UPSTASH_REDIS_URL": f"https://{ENDPOINT}"}, "UPSTASH_REDIS_TOKEN is missing"),
        ({"UPSTASH_REDIS_URL": f"https://{ENDPOINT}", "REDIS_URL": "redis://cache"}, "name two servers"),
    ],
)
def test_half_of_upstash_or_two_servers_are_refused(settings: dict[str, str], fault: str, given: Any) -> None:
    given(**settings)

    with pytest.raises(ImproperlyConfigured, match=fault):
        caches()
