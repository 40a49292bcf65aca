"""What is wrong with a store, in one line without secrets: the cause whole, and what helps against that one."""

import os
import re
import sqlite3
from collections.abc import Sequence
from http import HTTPStatus
from importlib import metadata, resources
from urllib.parse import unquote, urlsplit

from neural_odes.errors import in_short

_URI = "MLFLOW_TRACKING_URI"
_SECRETS = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
_HELPS = {
    r"gaierror|translate host name": f"once {_URI} names a host that this machine knows",
    r"SSLError": f"once {_URI} says http or https, whichever the server speaks, and its certificate is trusted "
    "(MLFLOW_TRACKING_SERVER_CERT_PATH)",
    r"password authentication|pg_hba|Access denied for user": f"once user and password in {_URI} are right",
    r"UNAUTHENTICATED|PERMISSION_DENIED|answers 40[13]": "with the name and password of somebody who may "
    "(MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN)",
    r"unsupported URI|NoSuchModuleError|Could not parse": f"once {_URI} begins with http, https, sqlite, postgresql or mysql",
    r"ENDPOINT_NOT_FOUND|valid JSON": f"once {_URI} is the address of an MLflow server",
    r"is of an older MLflow": "after a backup, and mlflow db upgrade, which takes its URI",
    r"is of a newer MLflow": "once that one is installed here",
    r"database is locked": "once no other program holds it",
    r"No space left|disk is full|quota|File too large|disk I/O": "once there is space",
    r"readonly|Read-only|Permission denied|unable to open": "once it can be opened and written",
    r"not a database|malformed": "once another database is in its place (if this was mlflow.db, remove it: a sync makes it anew)",
    r"Connection|Timeout|timed out|answers (429|5\d\d)": "when it is back",
}
"""By what the errors are called and say; the first that fits."""


def masked(text: str) -> str:
    """``text`` without the user and password of a URI, and without what else opens a server."""
    text = re.sub(r"//\S*@", "//***@", text)
    text = re.sub(r"(?i)([?&;\s'\"][^=\s&]*(?:password|pwd|token|secret|key)[^=\s&]*=)[^&\s'\"]+", r"\1***", text)
    for value in filter(None, [*map(os.environ.get, _SECRETS), *_passwords()]):
        text = text.replace(value, "***")
    return text


def _passwords() -> list[str]:
    """That of the URI, as it stands there and as it is meant; too short a one would hide half of all words."""
    try:
        found = urlsplit(os.environ.get(_URI, "")).password or ""
    except ValueError:
        return []
    return [word for word in {found, unquote(found)} if len(word) > 3]


def trouble(at: str, error: BaseException, again: str) -> str:
    """Where the store is, what is wrong with it, and what helps.

    Args:
        at: its URI.
        again: the command that is run once that is mended.
    """
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    told = _told(chain)
    all_of_it = " ".join([told, *(f"{type(one).__name__} {getattr(one, 'error_code', '')} {one}" for one in chain)])
    helps = next((text for pattern, text in _HELPS.items() if re.search(pattern, all_of_it)), "once that is mended")
    return f"MLflow at {masked(at)}: {masked(in_short(told)).rstrip('.')}; {helps}, run {again}"


def _told(chain: Sequence[BaseException]) -> str:
    """The innermost says "connection refused" or "disk is full"; those around it, in which request."""
    whole = " ".join(map(str, chain))
    if found := re.search(r"schema \(found version (\w+), but expected", whole):
        return f"its schema, {found[1]}, is of {_age(found[1])} MLflow than the one here, {metadata.version('mlflow')}"
    if found := re.search(r"too many (\d{3}) error responses", whole):
        return _answer(int(found[1]), "")
    if found := re.search(r"failed with error code (\d{3}) != 200. Response body: '(.*)'", str(chain[0]), re.DOTALL):
        return _answer(int(found[1]), re.sub(r"<[^>]*>", " ", found[2]))
    for one in reversed(chain):
        if isinstance(one, OSError) and one.filename is not None:
            return f"{one.filename}: {one.strerror}"
        if isinstance(one, OSError | sqlite3.Error):
            break
        if isinstance(driver := getattr(one, "orig", None), Exception):  # SQLAlchemy's word for the database's own
            one = driver
            break
    else:
        one = chain[0]
    return str(one).strip() or type(one).__name__


def _age(version: str) -> str:
    """A newer schema is one that this MLflow does not know."""
    known = resources.files("mlflow.store.db_migrations") / "versions"
    return "an older" if any(one.name.startswith(version) for one in known.iterdir()) else "a newer"


def _answer(code: int, body: str) -> str:
    known = {int(status): f" ({status.phrase})" for status in HTTPStatus}
    words = f": {' '.join(body.split())}" if body.strip() else ""
    return f"the server answers {code}{known.get(code, '')}{words}"
