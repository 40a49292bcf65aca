"""What a pickle from outside may do."""

import pickle

import numpy as np
import pytest

from neural_odes.classification.restricted import restricted_load


def test_arrays_come_through_the_restricted_unpickler():
    arrays = (np.arange(6, dtype=np.float32).reshape(2, 3), np.arange(3))
    for protocol in (3, 4):
        loaded = restricted_load(pickle.dumps(arrays, protocol=protocol), encoding="latin1")
        for a, b in zip(arrays, loaded, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("encoding", ["latin1", "bytes"])
def test_an_array_pickled_by_python_2_comes_through(encoding):
    """Protocol 2 as Python 2 wrote it: byte strings, and NumPy's former module name."""
    content = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x02\x85cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x08" + np.array([1.5, -2.0], "<f4").tobytes() + b"tb."
    )
    np.testing.assert_array_equal(restricted_load(content, encoding=encoding), np.array([1.5, -2.0], np.float32))


class _Hostile:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("function", [eval, __import__, getattr, np.load])
def test_a_hostile_pickle_is_refused(function, tmp_path):
    with pytest.raises(pickle.UnpicklingError, match="not a NumPy array"):
        restricted_load(pickle.dumps(_Hostile(function, f"open({str(tmp_path / 'x')!r}, 'w')")), encoding="latin1")
    assert not (tmp_path / "x").exists()
