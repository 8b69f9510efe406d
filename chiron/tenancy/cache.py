"""What processes share beside the databases, where `REDIS_URL` names a server: work that is not done twice.

No promise rests on it. A key is a digest of everything that an answer follows from, so nothing that is kept can be
wrong, and nothing is ever taken out; it belongs to the organization whose transaction is open, and expires. What the
server says is believed only where this installation signed it. However the server fails, that is a miss, found out in
bounded time; it is then left alone for a while.
"""

import hmac
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from prometheus_client import Counter
from redis.exceptions import RedisError
from typing_extensions import override

from chiron.kernel.log import logger
from chiron.tenancy.switch import current_organization_id

SHARED = "shared"
REST = 10.0
"""Seconds for which a server that failed is asked nothing more by this process."""
LIFETIME = 300
SIGNED = 16

Given = TypeVar("Given")
SHARED_CACHE = Counter(
    "chiron_shared_cache", "Values that the shared cache was asked for, by what it said.", ["outcome"], registry=None
)


def worked_out(name: str, work: Callable[[Given], Any], given: Sequence[Given]) -> list[Any]:
    """What a pure function of that name makes of each of these, in their order; what is known is not worked out again.

    What is given can be written down (JSON, data classes, times, zones), what is made is JSON; nothing is personal, for
    it leaves the databases unsealed. A function that makes something else gets another name. Raises NoOrganization.
    """
    if not given:
        return []
    keys = [key_for(name, each) for each in given]
    questions, shared = dict(zip(keys, given, strict=True)), caches[SHARED]
    known = shared.get_many(questions)
    made = {key: work(each) for key, each in questions.items() if key not in known}
    if made:
        shared.set_many(made)
    found = known | made
    return [found[key] for key in keys]


def key_for(name: str, given: Any) -> str:
    """The digest of everything that an answer follows from."""
    text = orjson.dumps([name, given], _plain, orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hmac.digest(_secret(), text, "sha256").hex()


def _plain(value: Any) -> Any:
    """What JSON has no form for: the rules of a zone have a name, and time has a length."""
    if isinstance(value, ZoneInfo):
        return value.key
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(type(value).__name__)


def of_the_organization(key: str, prefix: str, version: int) -> str:
    """Django's KEY_FUNCTION: a key of the organization whose transaction is open. Raises NoOrganization."""
    return f"chiron:{current_organization_id().hex}:{key}"


class Rest:
    """Whether the server is left alone for now, because it failed."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._until = seconds, float("-inf")

    def is_on(self) -> bool:
        """Whether the server is to be asked nothing yet."""
        return self._seconds() < self._until

    def begin(self) -> None:
        """The server failed."""
        self._until = self._seconds() + REST

    def end(self) -> None:
        """Ask again."""
        self._until = float("-inf")


rest = Rest()


class Shared(RedisCache):
    """Django's cache at a Redis or Valkey server, whose failures are misses; values are JSON, signed with their key.

    For `get_many` and `set_many` alone; ``version`` is not used.
    """

    _cache: RedisCacheClient

    @override
    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        places = {self.make_and_validate_key(key): key for key in keys}
        said = _asked(lambda: self._cache.get_client().mget([*places]))
        if said is None:
            SHARED_CACHE.labels("failed").inc(len(places))
            return {}
        opened = {places[place]: _opened(place, value) for place, value in zip(places, said, strict=True)}
        known = {key: value[0] for key, value in opened.items() if value}
        SHARED_CACHE.labels("hit").inc(len(known))
        SHARED_CACHE.labels("miss").inc(len(places) - len(known))
        return known

    @override
    def set_many(self, data: dict[str, Any], timeout: float | None = LIFETIME, version: int | None = None) -> list[str]:
        def put() -> list[Any]:
            with self._cache.get_client(write=True).pipeline(transaction=False) as batch:
                for key, value in data.items():
                    place = self.make_and_validate_key(key)
                    batch.set(place, _signed(place, value), ex=LIFETIME)
                answers: list[Any] = batch.execute()
                return answers

        return [] if _asked(put) else [*data]


def _asked(question: Callable[[], list[Any]]) -> list[Any] | None:
    """The server's answer, None where there is none."""
    if rest.is_on():
        return None
    try:
        return question()
    except (RedisError, OSError) as error:
        rest.begin()
        logger.warning("shared_cache_failed", kind=type(error).__name__)
        return None


def _signed(key: str, value: Any) -> bytes:
    text = orjson.dumps(value)
    return _signature(key, text) + text


def _opened(key: str, said: bytes | None) -> tuple[Any] | None:
    """What was kept under that key, None where nothing was, or somebody else wrote it."""
    if said is None or not hmac.compare_digest(said[:SIGNED], _signature(key, said[SIGNED:])):
        return None
    return (orjson.loads(said[SIGNED:]),)


def _signature(key: str, text: bytes) -> bytes:
    return hmac.digest(_secret(), key.encode() + b"\0" + text, "sha256")[:SIGNED]


def _secret() -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode(), b"chiron shared cache", "sha256")
