"""What a process keeps between requests: everything that is remembered, and what lies in it."""

import gc
import sys
from collections.abc import Iterator, MutableMapping, MutableSequence, MutableSet
from functools import _lru_cache_wrapper
from types import FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from django.core.cache import caches

OURS = ("chiron.", "config.")
RUNNING = type | ModuleType | FunctionType | MethodType | FrameType
NOT_OURS = (".tests", ".migrations", ".settings", "config.urls")


def held() -> Iterator[tuple[str, Any]]:
    """Every cache of ours, by its full name: memoized functions, and what a module keeps under a small letter.

    What is written in capitals is a constant, and so are addresses, which Django wants in small letters.
    """
    names: dict[int, str] = {}
    values: dict[int, Any] = {}
    for module in [module for name, module in sorted(sys.modules.items()) if is_ours(name)]:
        for name, value in vars(module).items():
            at_home = module.__name__ == (value if type(value) is _lru_cache_wrapper else type(value)).__module__
            if (
                not name.startswith("__")
                and not name.isupper()
                and keeps(value)
                and (at_home or id(value) not in names)
            ):
                names[id(value)], values[id(value)] = f"{module.__name__}.{name}", value
    yield from ((name, values[id]) for id, name in names.items())


def is_ours(module: str) -> bool:
    return f"{module}.".startswith(OURS) and not any(part in module for part in NOT_OURS)


def keeps(value: Any) -> bool:
    """Whether a value can remember something: a memoized function, a container, an object of a class of ours."""
    kind = type(value)  # and not its `__class__`, for which something lazy would be looked up
    if issubclass(kind, _lru_cache_wrapper):
        return is_ours(value.__module__)
    if issubclass(kind, MutableMapping | MutableSequence | MutableSet):
        return True
    frozen = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
    return is_ours(kind.__module__) and not issubclass(kind, type) and not frozen


def lying_in(cache: Any) -> bytes:
    """Every text in a cache, wherever it lies in what is remembered.

    Code that runs is not: from a frame, which an exception or a generator holds, the whole of pytest can be reached.
    """
    seen, waiting, texts = set[int](), [cache], list[bytes]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, RUNNING):
            continue
        seen.add(id(each))
        if isinstance(each, str):
            texts.append(each.encode(errors="replace"))
        elif isinstance(each, bytes | bytearray | memoryview):
            texts.append(bytes(each))
        else:
            waiting += gc.get_referents(each)
    return b"\n".join(texts)


def cached() -> Iterator[tuple[str, bytes]]:
    """What lies in our caches and in Django's."""
    yield from ((name, lying_in(cache)) for name, cache in held())
    yield from ((f"Django's {name}", lying_in(vars(caches[name]))) for name in caches)
