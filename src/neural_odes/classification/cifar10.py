"""CIFAR-10, from the archive of its makers, which is kept as it is and verified at every use."""

import http.client
import pickle
import socket
import tarfile
from pathlib import Path

import numpy as np

from neural_odes.classification.official import Official
from neural_odes.classification.restricted import restricted_load
from neural_odes.errors import UserError

TRAIN = [f"cifar-10-batches-py/data_batch_{number}" for number in range(1, 6)]
TEST = "cifar-10-batches-py/test_batch"
TIMEOUT = 30  # seconds of silence after which the server counts as unreachable


def load(cache: Path) -> Official:
    """CIFAR-10 from the archive in ``cache``; if it is not there yet, it is fetched first.

    Raises:
        UserError: it is not there and cannot be reached, or it is not the official one.
    """
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    archive = cache / CIFAR10.filename
    if not archive.exists():
        _fetch(archive)
    if not check_integrity(str(archive), CIFAR10.tgz_md5):
        remedy = f"delete it and run again: rm '{archive}'"
        raise UserError(f"{archive}: truncated or altered (its MD5 is not {CIFAR10.tgz_md5}); {remedy}")
    batches = _batches(archive)
    images, labels = zip(*(batches[name] for name in TRAIN), strict=True)
    return Official(np.concatenate(images), np.concatenate(labels), *batches[TEST])


def _fetch(archive: Path) -> None:
    """Downloads the archive with torchvision's helper.

    Raises:
        UserError: it cannot be reached, or what arrives has another checksum.
    """
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import download_url

    # Under its own name only when whole: an interrupted download is never taken for the file.
    part = archive.with_name(f"{archive.name}.part")
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)  # the helper sets none: it would wait for a silent server for ever
    try:
        download_url(CIFAR10.url, str(part.parent), part.name, CIFAR10.tgz_md5)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        part.unlink(missing_ok=True)
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = f"put it there yourself (MD5 {CIFAR10.tgz_md5}), or set classification.data.dataset: mnist"
        raise UserError(f"{archive}: missing, and it could not be downloaded from {CIFAR10.url} ({reason}); {remedy}") from None
    finally:
        socket.setdefaulttimeout(patience)
    part.replace(archive)


def _batches(archive: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images (n, 3, 32, 32) and labels (n,) of each batch, by its name in the archive; nothing is written to disk.

    Raises:
        UserError: a batch is a pickle of something else than arrays.
    """
    found = {}
    # In the archive's own order: going back would mean to decompress it once more.
    with tarfile.open(archive) as members:
        for member in members:
            stream = members.extractfile(member) if member.name in (*TRAIN, TEST) else None
            if stream is None:
                continue
            try:
                batch = restricted_load(stream.read(), encoding="bytes")
            except pickle.UnpicklingError as error:
                remedy = f"delete it and run again: rm '{archive}'"
                raise UserError(f"{archive}: {member.name} is not a batch of images ({error}); {remedy}") from None
            # A row holds the red pixels of an image, then the green, then the blue, each row by row.
            found[member.name] = batch[b"data"].reshape(-1, 3, 32, 32), np.array(batch[b"labels"], dtype=np.uint8)
    return found
