"""Where CIFAR-10 comes from, on a tiny archive in its own format."""

import hashlib
import io
import os
import pickle
import struct
import tarfile
import urllib.error
from typing import ClassVar

import numpy as np
import pytest
from ruamel.yaml import YAML
from torchvision.datasets import CIFAR10

from neural_odes.classification import cifar10, params
from neural_odes.classification.data import data
from neural_odes.classification.datasets import DATASETS
from neural_odes.errors import UserError
from neural_odes.pipeline.stage import Stage


class _Python2(pickle._Pickler):
    """Writes bytes as Python 2 wrote its strings: as such, in protocol 2."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_string(self, content):
        short = len(content) < 256
        head = pickle.SHORT_BINSTRING + bytes([len(content)]) if short else pickle.BINSTRING + struct.pack("<i", len(content))
        self.write(head + content)
        self.memoize(content)

    dispatch[bytes] = save_string


def as_python_2(value):
    content = io.BytesIO()
    _Python2(content, protocol=2).dump(value)
    return content.getvalue()


def official(seed, n=4):
    """A batch's images and labels, and its content."""
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8), rng.integers(0, 10, n)
    pixels = np.concatenate([images[:, channel].reshape(n, 1024) for channel in range(3)], 1)  # red, then green, then blue
    return images, labels, as_python_2({b"batch_label": b"of six", b"labels": labels.tolist(), b"data": pixels})


@pytest.fixture
def pack(monkeypatch, tmp_path):
    """Writes batches as the archive, whose checksum then counts as the official one."""

    def write(batches):
        path = tmp_path / CIFAR10.filename
        with tarfile.open(path, "w:gz") as archive:
            archive.addfile(folder := tarfile.TarInfo("cifar-10-batches-py"))
            folder.type = tarfile.DIRTYPE
            for name, content in {"readme.html": b"<html>", **batches}.items():
                member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(path.read_bytes()).hexdigest())
        return path

    return write


# In the order of the real archive, which is not sorted.
NAMES = ["data_batch_4", "test_batch", "data_batch_3", "data_batch_2", "data_batch_5", "data_batch_1"]


@pytest.fixture
def archive(pack):
    return pack({name: official(seed)[2] for seed, name in enumerate(NAMES)})


@pytest.fixture
def no_network(monkeypatch):
    def unreachable(*arguments, **options):
        raise urllib.error.URLError("network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)


def test_an_archive_that_is_there_is_read_without_network(archive, no_network, tmp_path):
    found = cifar10.load(tmp_path)
    for number in range(1, 6):
        images, labels, _ = official(NAMES.index(f"data_batch_{number}"))
        rows = slice(4 * (number - 1), 4 * number)
        np.testing.assert_array_equal(found.train_images[rows], images)
        np.testing.assert_array_equal(found.train_labels[rows], labels)
    images, labels, _ = official(NAMES.index("test_batch"))
    np.testing.assert_array_equal(found.test_images, images)
    np.testing.assert_array_equal(found.test_labels, labels)
    assert found.train_images.dtype == found.train_labels.dtype == np.uint8
    assert os.listdir(tmp_path) == [CIFAR10.filename]


class _Answer(io.BytesIO):
    """What ``urlopen`` returns."""

    url = None

    @property
    def length(self):
        return len(self.getvalue())


def test_it_is_downloaded_once(archive, monkeypatch, tmp_path):
    content = archive.read_bytes()
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: _Answer(content))
    assert cifar10.load(tmp_path / "cifar10").train_images.shape == (20, 3, 32, 32)
    assert os.listdir(tmp_path / "cifar10") == [CIFAR10.filename]


def test_a_download_of_something_else_is_refused_and_not_kept(archive, monkeypatch, tmp_path):
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: _Answer(b"<html>log in first</html>"))
    with pytest.raises(UserError, match="corrupted") as error:
        cifar10.load(tmp_path / "cifar10")
    assert "\n" not in str(error.value) and not os.listdir(tmp_path / "cifar10")


def test_no_network_and_no_copy_is_one_line_with_both_remedies(no_network, tmp_path):
    with pytest.raises(UserError) as error:
        cifar10.load(tmp_path / "cifar10")
    text = str(error.value)
    assert text.startswith(str(tmp_path / "cifar10" / "cifar-10-python.tar.gz")) and "network is unreachable" in text
    assert CIFAR10.url in text and CIFAR10.tgz_md5 in text and "classification.data.dataset: mnist" in text
    assert "\n" not in text


def test_an_altered_copy_is_refused(archive, no_network, tmp_path):
    archive.write_bytes(archive.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"cifar-10-python\.tar\.gz: truncated or altered.*delete it") as error:
        cifar10.load(tmp_path)
    assert "\n" not in str(error.value)


class _Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return eval, (f"open({str(self.path)!r}, 'w')",)


def test_a_hostile_batch_is_refused_and_runs_nothing(pack, no_network, tmp_path):
    pack({"data_batch_1": pickle.dumps({b"data": _Hostile(tmp_path / "x")})})
    with pytest.raises(UserError, match=r"data_batch_1 is not a batch of images \(the pickle asks for builtins\.eval"):
        cifar10.load(tmp_path)
    assert not (tmp_path / "x").exists()


def test_the_data_stage_splits_it(archive, root, no_network, monkeypatch, tmp_path):
    project, cache = tmp_path / "project", tmp_path / "cache"
    (cache / "cifar10").mkdir(parents=True)
    archive.rename(cache / "cifar10" / archive.name)
    monkeypatch.setenv("NEURAL_ODES_CACHE", str(cache))
    project.mkdir()
    (project / "dvc.yaml").write_bytes((root / "dvc.yaml").read_bytes())
    values = YAML(typ="safe", pure=True).load((root / "params.yaml").read_text())
    values["classification"]["data"] |= {"dataset": "cifar10", "train_size": 12, "validation_size": 5, "test_size": 3}
    with (project / "params.yaml").open("w") as stream:
        YAML().dump(values, stream)
    data(Stage("python stages/data.py classification", project))
    for split, n in (("train", 12), ("validation", 5), ("test", 3)):
        images, labels = (np.load(project / "data" / "classification" / f"{split}_{what}.npy") for what in ("images", "labels"))
        assert images.shape == (n, 3, 32, 32) and labels.shape == (n,) and images.dtype == labels.dtype == np.uint8
    np.testing.assert_array_equal(images, official(NAMES.index("test_batch"))[0][:3])


def test_no_more_images_than_there_are():
    sizes = {"validation_size": 5000, "test_size": 10_000, "seed": 0}
    for name, most in (("mnist", 60_000), ("cifar10", 50_000)):
        assert name in DATASETS
        params.DataParams(dataset=name, train_size=most - 5000, **sizes)
        with pytest.raises(ValueError, match=f"exceed the {most} images of {name}"):
            params.DataParams(dataset=name, train_size=most - 4999, **sizes)
