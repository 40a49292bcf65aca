"""``load``: a model for any arguments that name one; one line for all others."""

from pathlib import Path

import generated
import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from neural_odes import loading
from neural_odes.loading import DEFAULTS

load = generated.as_users_have_it(loading).load
CLAIMS = sorted(DEFAULTS)
names = st.sampled_from([*CLAIMS, *DEFAULTS.values(), "densty", "../density", "density\n", "", "x" * 5000]) | generated.odd


@pytest.fixture(scope="module")
def clone(committed):
    return committed


@given(names, names | st.none(), generated.counts | st.none())
@example("density", "", None)
@example([], None, None)
@example({}, None, None)
@example(None, None, None)
@example("density", ["cnf"], None)
@example("density", 3, None)
@example("density", "cnf", "0")
@example("density", "cnf", True)
@example("density", "cnf", 0.0)
@example("density", "cnf", 10**400)
@example("density", "cnf", -1)
@example("density", "cnf", np.int8(0))
@example("density", "cnf", torch.tensor(0))
def test_a_model_or_a_line(clone, claim, model, seed):
    found = generated.answer(lambda: load(claim, model, seed=seed, root=clone))
    named = (
        isinstance(claim, str) and claim in CLAIMS and (model is None or (isinstance(model, str) and model == DEFAULTS[claim]))
    )
    assert (found is not None) == (named and (seed is None or generated.is_count(seed, most=0)))
    if found is not None:
        assert found.source == f"{clone}/reports/models/{claim}: committed, seed 0"


@given(generated.odd | generated.scalars | st.text() | st.text().map(Path))
@example("")
@example("\0")
@example("x" * 300)
@example(b"/")
@example(3)
@example(["."])
@example("\ud800")
def test_a_folder_that_is_no_clone_is_a_line(tmp_path_factory, root):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.getbasetemp())
        found = generated.answer(lambda: load("density", root=root))
    assert (found is None) == (root is not None)


def test_folders_of_all_kinds_that_are_a_clone(clone):
    for root in (clone, str(clone), f"{clone}/", clone / "src" / ".."):
        assert generated.answered(lambda root=root: load("density", root=root))
