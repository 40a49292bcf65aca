"""Opens a page in the browser once its server answers. Usage: python -m neural_odes.tracking.browser HEALTH PAGE"""

import contextlib
import os
import sys
import time
import urllib.request
import webbrowser

_SECONDS = 60.0


def open_when_up(health: str, page: str, seconds: float = _SECONDS) -> bool:
    """Waits so long at most for an answer at ``health``; whether a browser was told of ``page``."""
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the server is on this machine
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), directly.open(health, timeout=5):
            return webbrowser.open(page)
        time.sleep(0.2)
    return False


def is_there() -> bool:
    """Whether there is a browser with a window of its own: one in a terminal would take it over."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


if __name__ == "__main__":
    open_when_up(sys.argv[1], sys.argv[2])
