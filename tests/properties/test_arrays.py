"""Files of arrays: read as they were written, or one line that names them and says what to do."""

import generated
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neural_odes.pipeline import arrays

kinds = st.sampled_from(["?", "i2", "i8", "u1", "f2", "f4", "f8", ">f4", "c8", "c16", "U3", "S2", "M8[D]", "m8[s]"])
written = kinds.flatmap(lambda kind: hnp.arrays(np.dtype(kind), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("arrays") / "x.npy"


@given(written, st.lists(st.integers(0, 3) | st.none(), max_size=3))
@example(np.array([complex(np.nan)]), [1])
@example(np.array([np.inf], ">f4"), [1])
def test_an_array_is_as_it_was_written(path, array, shape):
    np.save(path, array)
    found = generated.answer(lambda: arrays.load(path, shape=tuple(shape)))
    fits = len(shape) == array.ndim and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    right = array.dtype.kind in "biuf" and bool(np.isfinite(array).all())
    assert (found is not None) == (fits and right)
    if found is not None:
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


@given(st.integers(0, 200), st.binary(max_size=12), st.booleans())
def test_a_damaged_file_is_a_line(path, place, inserted, cut):
    np.save(path, np.arange(6.0).reshape(3, 2))
    content = path.read_bytes()
    path.write_bytes(content[:place] + inserted + (b"" if cut else content[place + len(inserted) :]))
    found = generated.answer(lambda: arrays.load(path, shape=(None, 2)))
    assert found is None or (found.shape[1:] == (2,) and np.isfinite(found).all())


@given(st.binary(max_size=300))
def test_bytes_that_are_no_array_are_a_line(path, content):
    path.write_bytes(content)
    assert generated.answer(lambda: arrays.load(path, shape=(None,))) is None
