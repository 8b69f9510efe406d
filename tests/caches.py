"""What a process keeps between requests: everything that is remembered, and what lies in it."""

import gc
import sys
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping, MutableSequence, MutableSet
from functools import _lru_cache_wrapper
from types import FunctionType, MethodType, ModuleType
from typing import Any

from django.core.cache import caches

OURS = ("chiron.", "config.")
NOT_OURS = (".tests", ".migrations", ".settings")


def held() -> Iterator[tuple[str, Any]]:
    """Every cache of ours, by its full name: memoized functions, and what a module keeps under a small letter.

    What is written in capitals is a constant.
    """
    for module in [module for name, module in sorted(sys.modules.items()) if is_ours(name)]:
        for name, value in sorted(vars(module).items()):
            if isinstance(value, _lru_cache_wrapper):
                if value.__module__ == module.__name__:
                    yield f"{module.__name__}.{name}", value
            elif not name.startswith("__") and not name.isupper() and keeps(value, module):
                yield f"{module.__name__}.{name}", value


def is_ours(module: str) -> bool:
    return f"{module}.".startswith(OURS) and not any(part in module for part in NOT_OURS)


def keeps(value: Any, module: ModuleType) -> bool:
    """Whether a value can remember something: a container, or an object of a class of the same module or below."""
    if isinstance(value, MutableMapping | MutableSequence | MutableSet | OrderedDict):
        return True
    if isinstance(value, type | FunctionType):
        return False
    frozen = getattr(getattr(type(value), "__dataclass_params__", None), "frozen", False)
    return is_ours(type(value).__module__) and not frozen


def lying_in(cache: Any) -> bytes:
    """Every text in a cache, wherever it lies in what is remembered."""
    seen, waiting, texts = set[int](), [cache], list[bytes]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | ModuleType | FunctionType | MethodType):
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
