"""Our log says what happened, never to whom."""

import logging
from typing import Any

from structlog.testing import capture_logs

from chiron.kernel.log import WithoutTheirWords, configure

NAME = "Kwabena-Nobody-Logs-Me"


def test_what_a_library_says_is_told_without_its_words() -> None:
    library = logging.getLogger("some.library")
    library.addHandler(WithoutTheirWords(logging.WARNING))
    library.propagate = False

    with capture_logs() as lines:
        try:
            raise ValueError(NAME)
        except ValueError:
            library.exception("Forbidden: %s", NAME)
        library.info(NAME)

    [line] = [each for each in lines if each["name"] == "some.library"]
    assert line["where"].startswith("test_log.py:")
    assert (line["event"], line["log_level"], line["kind"]) == ("library", "error", "ValueError")
    assert NAME not in repr(line)
    library.handlers.clear()


def test_the_handler_is_there_once(monkeypatch: Any) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])

    configure()
    configure()

    assert [type(each) for each in root.handlers] == [WithoutTheirWords]
