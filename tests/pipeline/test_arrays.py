"""Arrays and weights from disk: what is damaged, swapped or hostile is refused in one line that names the file."""

import pickle
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch

from neural_odes.errors import UserError
from neural_odes.pipeline import arrays, weights


class Bomb:
    def __reduce__(self):
        return (open, ("bomb-went-off", "w"))


def _npy(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def _zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"x")
    return path.read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        pickle.dumps(Bomb()),
        _npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n") + pickle.dumps([Bomb()]),
        _npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }\n"),
        _npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999999,), }\n"),
        _npy(b"__import__('os').getcwd()\n"),
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{",
    ],
)
def test_hostile_arrays_are_refused_and_run_nothing(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "train.npy"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"train\.npy: truncated or not a NumPy array; .*rm '"):
        arrays.load(path, shape=(None,))
    assert not (tmp_path / "bomb-went-off").exists()


def test_an_archive_is_no_array(tmp_path):
    path = tmp_path / "train.npy"
    path.write_bytes(_zip(tmp_path / "a.zip"))
    with pytest.raises(UserError, match="not a NumPy array"):
        arrays.load(path, shape=(None,))


def test_truncated_at_every_length(tmp_path):
    path = tmp_path / "train.npy"
    np.save(path, np.arange(5.0))
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(UserError, match=r"train\.npy"):
            arrays.load(path, shape=(5,))


def test_other_shapes_and_what_is_not_finite(tmp_path):
    path = tmp_path / "train.npy"
    np.save(path, np.array([1.0, np.nan]))
    with pytest.raises(UserError, match="not finite"):
        arrays.load(path, shape=(None,))
    with pytest.raises(UserError, match=r"shape \(2,\) where \(None, 2\) is expected"):
        arrays.load(path, shape=(None, 2))


def test_damaged_weights_at_every_length_and_bit(tmp_path):
    path = tmp_path / weights.FILE
    net = torch.nn.Linear(2, 1)
    weights.save(net, tmp_path)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(UserError, match=r"model\.safetensors: damaged"):
            weights.load(net, tmp_path)
    header = 8 + int.from_bytes(content[:8], "little")
    for bit in range(8 * header):  # refused or read, and never a stack trace
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(flipped))
        try:
            weights.load(net, tmp_path)
        except UserError as error:
            assert "model.safetensors" in str(error)


def test_a_safetensors_of_another_kind_is_named(tmp_path):
    path = tmp_path / weights.FILE
    path.write_bytes(safetensors.torch.save({"weight": torch.zeros(3)}))
    with pytest.raises(UserError, match=r"bias has shape none where \(1,\) is expected"):
        weights.load(torch.nn.Linear(2, 1), tmp_path)
