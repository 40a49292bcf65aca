"""Chromium without a window, as a person uses it: pages, pointer, keys, touch, screenshots. Speaks its protocol over a pipe.

https://chromedevtools.github.io/devtools-protocol; messages are JSON, each ended by a zero byte.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_OPTIONS = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-quic",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip
_PATIENCE = 60.0  # seconds without an answer after which the browser counts as gone
_KEYS = {
    "Tab": 9, "Enter": 13, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Delete": 46,
}  # fmt: skip


def find() -> str | None:
    """The browser's program, if there is one."""
    return shutil.which("chromium") or shutil.which("google-chrome")


class BrowserError(Exception):
    """The browser is gone, refused a command, or the page raised an error."""


class Browser:
    """A running Chromium. ``events`` is all that it told unasked, in order."""

    def __init__(self, program: str, profile: Path):
        profile.mkdir(parents=True, exist_ok=True)
        ours, theirs = os.pipe(), os.pipe()  # (read, write): from the browser, and to it
        high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (theirs[0], ours[1])]  # 3 and 4 may be taken by ours
        actions = [
            (os.POSIX_SPAWN_DUP2, high[0], 3),
            (os.POSIX_SPAWN_DUP2, high[1], 4),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, str(profile / "stderr"), os.O_WRONLY | os.O_CREAT, 0o600),
        ]
        command = [program, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        self._read, self._write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (ours[0], theirs[1]))
        for end in (*ours, *theirs):
            os.close(end)
        self.pid = os.posix_spawn(program, command, os.environ | {"HOME": str(profile)}, file_actions=actions)
        for end in high:
            os.close(end)
        self._number, self._buffer = 0, b""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """The answer to a command.

        Raises:
            BrowserError: it was refused, or none came.
        """
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        content = json.dumps(message).encode() + b"\0"
        while content:
            content = content[os.write(self._write, content) :]
        while True:
            found = self._receive()
            if found.get("id") != self._number:
                self.events.append(found)
            elif "error" in found:
                raise BrowserError(f"{method}: {found['error']['message']}")
            else:
                return found["result"]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], _PATIENCE)[0]:
                raise BrowserError(f"no answer within {_PATIENCE:.0f} s")
            part = os.read(self._read, 1 << 20)
            if not part:
                raise BrowserError("the browser has ended")
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def tab(self) -> "Tab":
        """A new, empty one."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Tab(self, target, session)

    def close(self) -> None:
        """Ends it, and waits until it has ended."""
        try:
            self.call("Browser.close")
        except (BrowserError, OSError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._read)
        os.close(self._write)


@contextmanager
def running(program: str, profile: Path) -> Iterator[Browser]:
    """A browser that ends with the block."""
    browser = Browser(program, profile)
    try:
        yield browser
    finally:
        browser.close()


class Tab:
    """One page. Positions are in CSS pixels from the upper left corner of what is seen."""

    def __init__(self, browser: Browser, target: str, session: str):
        self._browser, self._target, self._session = browser, target, session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)

    def open(self, address: str) -> None:
        """Goes there, and waits for the page to be read."""
        self.call("Page.navigate", url=address)
        self.until("document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """The value of JavaScript; of a promise what it comes to.

        Raises:
            BrowserError: it raised an error.
        """
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            details = done["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description", details["text"]))
        return done["result"].get("value")

    def until(self, condition: str, seconds: float = 20.0) -> Any:
        """Waits for a condition in JavaScript; its value.

        Raises:
            BrowserError: it does not come true in time.
        """
        until = time.monotonic() + seconds
        while True:
            if value := self.evaluate(condition):
                return value
            if time.monotonic() > until:
                raise BrowserError(f"not within {seconds:.0f} s: {condition}")
            time.sleep(0.02)

    def window(self, width: int, height: int, *, scale: float = 1.0, touch: bool = False) -> None:
        """Sets its size in CSS pixels, the pixels of the screen in each, and whether it is touched."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=touch)
        self.call("Emulation.setTouchEmulationEnabled", enabled=touch)

    def prefers(self, **features: str) -> None:
        """What its user prefers: ``color_scheme="dark"``, ``reduced_motion="reduce"``."""
        wanted = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=wanted)

    def place(self, selector: str, x: float = 0.5, y: float = 0.5) -> tuple[float, float]:
        """A position in an element, in shares of its width and height; it is scrolled into view."""
        box = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
            " const b = e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()"
        )
        return box[0] + x * box[2], box[1] + y * box[3]

    def click(self, selector: str, x: float = 0.5, y: float = 0.5) -> None:
        self.drag([self.place(selector, x, y)])

    def drag(self, places: list[tuple[float, float]]) -> None:
        """Presses the mouse at the first place, moves it through the others, and lets go at the last."""
        (x, y), *others = places
        self._mouse("mouseMoved", x, y, 0)
        self._mouse("mousePressed", x, y, 1)
        for x, y in others:
            self._mouse("mouseMoved", x, y, 1)
        self._mouse("mouseReleased", x, y, 0)

    def _mouse(self, kind: str, x: float, y: float, buttons: int) -> None:
        button = "none" if kind == "mouseMoved" and not buttons else "left"
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=buttons, clickCount=1)

    def swipe(self, places: list[tuple[float, float]]) -> None:
        """As ``drag``, by a finger."""
        for number, (x, y) in enumerate(places):
            kind = "touchMove" if number else "touchStart"
            self.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def press(self, *keys: str) -> None:
        """Keys by name, one after another: letters, ``Tab``, ``ArrowLeft`` and the like."""
        for key in keys:
            code = _KEYS.get(key, ord(key.upper()[0]))
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            named = {"key": key, "windowsVirtualKeyCode": code, "code": "Space" if key == " " else key}
            self.call("Input.dispatchKeyEvent", type="keyDown", **named, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    def type(self, selector: str, text: str) -> None:
        """Replaces what stands in a field."""
        self.evaluate(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.focus(); e.select(); }})()")
        self.call("Input.insertText", text=text)

    def choose(self, selector: str, value: str) -> None:
        """Takes an option of a list: headless, its menu is no part of the page."""
        self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.value = {json.dumps(value)};"
            " e.dispatchEvent(new Event('input', {bubbles: true})); })()"
        )

    def text(self, selector: str) -> str:
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent.trim()")

    def screenshot(self, path: Path) -> None:
        """Of what is seen, as PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def messages(self) -> list[str]:
        """What the page wrote to the console, and errors that nobody caught."""
        own = [event for event in self._browser.events if event.get("sessionId") == self._session]
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [json.dumps(event["params"]) for event in own if event["method"] in kinds]

    def requests(self) -> list[str]:
        """Addresses that it asked for."""
        own = [event for event in self._browser.events if event.get("sessionId") == self._session]
        return [event["params"]["request"]["url"] for event in own if event["method"] == "Network.requestWillBeSent"]

    def close(self) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)
