"""What a store that refuses is said to suffer from, and what helps: by the errors that MLflow and SQLAlchemy really raise."""

import http.server
import json
import re
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from neural_odes.errors import UserError
from neural_odes.tracking import store
from neural_odes.tracking.trouble import trouble

pytestmark = pytest.mark.filterwarnings("ignore")  # of MLflow's own imports

CREDENTIALS = (
    "with the name and password of somebody who may "
    "(MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN)"
)
ADDRESS = "once MLFLOW_TRACKING_URI is the address of an MLflow server"


class Refusing(http.server.BaseHTTPRequestHandler):
    answer: tuple[int, str]

    def do_GET(self) -> None:
        code, body = self.answer
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def refusing() -> Iterator[http.server.HTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def said(root: Path, uri: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is wrong with the store, behind its address."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(Exception) as raised:  # whatever MLflow raises
        store.Store(root, timeout=5).experiment("toy")
    line = trouble(uri, raised.value, "X")
    assert "\n" not in line
    begin, end = f"MLflow at {store.masked(uri)}: ", ", run X"
    assert line.startswith(begin) and line.endswith(end)
    return line.removeprefix(begin).removesuffix(end)


LONG = "User anna may not read this, as " + "and ".join(f"rule {n} forbids it " for n in range(15)) + "at night"


@pytest.mark.parametrize(
    ("code", "body", "words"),
    [
        (
            403,
            json.dumps({"error_code": "PERMISSION_DENIED", "message": f"{LONG}."}),
            f"PERMISSION_DENIED: {LONG}; {CREDENTIALS}",
        ),
        (401, "<h1>Log in</h1>\n<p>first.</p>", f"the server answers 401 (Unauthorized): Log in first; {CREDENTIALS}"),
        (404, "nginx", f"the server answers 404 (Not Found): nginx; {ADDRESS}"),
        (200, "<html>Welcome</html>", ADDRESS),
        (500, "<h1>Oh</h1>", "the server answers 500 (Internal Server Error); when it is back"),
        (503, "", "the server answers 503 (Service Unavailable); when it is back"),
        (429, "", "the server answers 429 (Too Many Requests); when it is back"),
        (400, '{"error_code":"INVALID_PARAMETER_VALUE","message":"No"}', "INVALID_PARAMETER_VALUE: No; once that is mended"),
    ],
)
def test_a_server_that_refuses(tmp_path, refusing, monkeypatch, code, body, words):
    Refusing.answer = code, body
    found = said(tmp_path, f"http://127.0.0.1:{refusing.server_port}", monkeypatch)
    assert found == words if code != 200 else found.endswith(f"; {words}")


@pytest.mark.parametrize(
    ("uri", "cause", "helps"),
    [
        ("http://127.0.0.1:{port}", "Connection refused", "when it is back"),
        ("postgresql://anna:s3cr3t@127.0.0.1:{port}/runs", "Connection refused", "when it is back"),
        ("http://no-such-host.invalid", "not known|resolution", "once MLFLOW_TRACKING_URI names a host that this machine knows"),
        ("https://127.0.0.1:{spoken}", "SSL", r"once MLFLOW_TRACKING_URI says http or https, whichever the server speaks.*"),
        (
            "postgres+foo://anna:s3cr3t@host/x",
            r"unsupported URI 'postgres\+foo://\*\*\*@host/x'.*backend storage locations",
            "once MLFLOW_TRACKING_URI begins with http, https, sqlite, postgresql or mysql",
        ),
    ],
)
def test_a_uri_that_leads_nowhere(tmp_path, refusing, monkeypatch, uri, cause, helps):
    Refusing.answer = 200, "{}"
    with socket.socket() as taken:  # bound but not listening: refused
        taken.bind(("127.0.0.1", 0))
        uri = uri.format(port=taken.getsockname()[1], spoken=refusing.server_port)
        found = said(tmp_path, uri, monkeypatch)
    assert re.fullmatch(f".*({cause}).*; {helps}", found), found
    assert "s3cr3t" not in found


def versioned(version: str):
    def make(path: Path) -> None:
        with sqlite3.connect(path) as database:
            database.execute("UPDATE alembic_version SET version_num = ?", [version])
        database.close()

    return make


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            versioned("451aebb31d03"),
            "451aebb31d03, is of an older MLflow than the one here, .*; after a backup, and mlflow db upgrade.*",
        ),
        (versioned("f" * 12), "f{12}, is of a newer MLflow than the one here, .*; once that one is installed here"),
        (lambda path: path.write_bytes(b"no database, but long enough" * 99), "file is not a database; once another .*"),
        (lambda path: path.unlink() or path.mkdir(), "unable to open database file; once it can be opened and written"),
    ],
)
def test_a_file_that_is_no_store_of_this_mlflow(tmp_path, empty_store, monkeypatch, damage, words):
    shutil.copy(empty_store, tmp_path / "runs.db")
    damage(tmp_path / "runs.db")
    found = said(tmp_path, f"sqlite:///{tmp_path / 'runs.db'}", monkeypatch)
    assert re.fullmatch(f".*{words}", found), found


def test_a_locked_or_read_only_database_and_a_full_disk(tmp_path, empty_store):
    shutil.copy(empty_store, tmp_path / "runs.db")
    with sqlite3.connect(tmp_path / "runs.db", isolation_level=None) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError) as locked:
            sqlite3.connect(tmp_path / "runs.db", timeout=0).execute("SELECT * FROM runs")
    holder.close()
    with pytest.raises(sqlite3.OperationalError) as closed:
        sqlite3.connect(f"file:{tmp_path / 'runs.db'}?mode=ro", uri=True).execute("DELETE FROM runs")
    full = OSError(28, "No space left on device", str(tmp_path / "weights"))
    for error, words in (
        (locked.value, "database is locked; once no other program holds it"),
        (closed.value, "attempt to write a readonly database; once it can be opened and written"),
        (full, f"{tmp_path / 'weights'}: No space left on device; once there is space"),
    ):
        assert trouble("sqlite:///runs.db", error, "X") == f"MLflow at sqlite:///runs.db: {words}, run X"


def test_passwords_are_in_no_cause(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://anna:p%40ss%2Fword@host/runs")
    error = RuntimeError("cannot log in with p@ss/word, 'host=h password=hunter2 user=anna', or p%40ss%2Fword")
    line = trouble("postgresql://anna:p%40ss%2Fword@host/runs", error, "X")
    assert line.startswith(
        "MLflow at postgresql://***@host/runs: cannot log in with ***, 'host=h password=*** user=anna', or ***;"
    )


def test_an_error_of_ours_is_not_laid_to_mlflow(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")

    def fails(*arguments: object, **options: object) -> None:
        raise UserError("mlflow.db was made in another folder")

    monkeypatch.setattr(store, "Store", fails)
    with pytest.raises(UserError, match=r"^mlflow\.db was made in another folder$"):
        store.run_ids(tmp_path, ["0" * 16])
