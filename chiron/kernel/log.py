"""Structured logs: one JSON object a line, with the request's id; no personal data, no query strings, no bodies."""

import logging
import sys
from typing import Any

import orjson
import structlog

logger: Any = structlog.get_logger("chiron")


def configure(*, level: int = logging.INFO) -> None:
    """Write our own log as JSON lines to standard error; libraries' warnings join it as one short line."""
    logging.getLogger("django.request").setLevel(logging.CRITICAL)  # ``front`` logs
    root = logging.getLogger()
    if not any(isinstance(each, WithoutTheirWords) for each in root.handlers):
        root.addHandler(WithoutTheirWords(logging.WARNING))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


class WithoutTheirWords(logging.Handler):
    """What libraries log, as a line of ours: who said it and where, and the kind of exception.

    Their texts quote paths, addresses and values, and any of these may be somebody's name.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Say that something was said."""
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        where = f"{record.filename}:{record.lineno}"
        logger.log(record.levelno, "library", name=record.name, where=where, kind=kind)


def _json(line: dict[str, Any], default: Any) -> str:
    return orjson.dumps(line, default, orjson.OPT_SORT_KEYS).decode()
