"""A real browser, where one is installed: Chromium, spoken to over a pipe by its own protocol."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
AT_ITS_DESCRIPTORS = """
import os, sys
os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium listens at 3 and answers at 4."""


class Page:
    """One page, and what the browser complained of since it was opened."""

    def __init__(self, told: int, heard: int) -> None:
        self._told, self._heard = os.fdopen(told, "wb", buffering=0), os.fdopen(heard, "rb")
        self._number, self._session, self.complaints = 0, "", list[str]()
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call the browser, and wait for what it answers."""
        self._number += 1
        call = {"id": self._number, "method": method, "params": parameters}
        self._told.write(json.dumps(call | ({"sessionId": self._session} if self._session else {})).encode() + b"\0")
        while (message := self._next()).get("id") != self._number:
            pass
        assert "error" not in message, message
        result: dict[str, Any] = message["result"]
        return result

    def go(self, url: str) -> None:
        """Open an address and wait until it has loaded."""
        self.do("Page.navigate", url=url)
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def say(self, expression: str) -> Any:
        """What a promise or value in the page comes to."""
        answer = self.do("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return answer["result"].get("value")

    def shows(self, text: str) -> bool:
        """Whether the page says that now; a page that is just going says nothing."""
        try:
            return bool(self.say(f"document.body.innerText.includes({json.dumps(text)})"))
        except AssertionError:
            return False

    def close(self) -> None:
        self.do("Browser.close")
        self._told.close()
        self._heard.close()

    def _next(self) -> dict[str, Any]:
        content = bytearray()
        while (byte := self._heard.read(1)) != b"\0":
            assert byte, "the browser is gone"
            content += byte
        message: dict[str, Any] = json.loads(content)
        if message.get("method") == "Log.entryAdded":
            self.complaints.append(message["params"]["entry"]["text"])
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(message["params"]["exceptionDetails"]["text"])
        return message


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Chromium with a profile in that folder."""
    (read_calls, calls), (answers, write_answers) = os.pipe(), os.pipe()
    command = [str(CHROMIUM), *OPTIONS, f"--user-data-dir={folder}", "--remote-debugging-pipe"]
    process = subprocess.Popen(
        [sys.executable, "-c", AT_ITS_DESCRIPTORS, str(read_calls), str(write_answers), *command],
        pass_fds=(read_calls, write_answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(read_calls)
    os.close(write_answers)
    page = Page(calls, answers)
    try:
        yield page
    finally:
        page.close()
        process.wait(20)
