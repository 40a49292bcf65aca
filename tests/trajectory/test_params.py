"""What the schema refuses."""

import numpy as np
import pytest

from neural_odes.errors import UserError
from neural_odes.params import section
from neural_odes.pipeline import schemas
from neural_odes.trajectory import oracle, spirals
from neural_odes.trajectory.params import DataParams, Params

DATA = {
    "window": 100, "observations": [30, 50, 100], "noise_std": 0.3,
    "train_size": 10, "validation_size": 10, "test_size": 10, "seed": 0,
}  # fmt: skip


def read(**changes):
    return section({"trajectory": {"data": DATA | changes}}, "trajectory.data", DataParams)


def test_valid_parameters():
    assert read().observations == [30, 50, 100]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"observations": [30, 101]}, "101 observations do not fit into a window of 100 steps"),
        ({"observations": []}, "observations"),
        ({"observations": [50, 30]}, "increase"),
        ({"window": 250}, "window"),
        ({"noise_std": 0.0}, "noise_std"),
        ({"windw": 100}, "did you mean window"),
    ],
)
def test_refused_with_a_line_that_names_the_key(changes, says):
    with pytest.raises(UserError, match=says) as raised:
        read(**changes)
    assert "\n" not in str(raised.value) and "trajectory.data" in str(raised.value)


def test_the_largest_window_is_the_largest_that_the_oracle_scores():
    def curves(window):
        steps = 2 * window
        starts = (0.0, spirals.latest_start(steps))
        drawn = spirals.sample(2, window=window, starts=starts, noise_std=0.3, generator=np.random.default_rng(0))
        return oracle.reconstruct(drawn.observations, drawn.observed(window), steps=steps, starts=starts, noise_std=0.3)

    assert np.isfinite(curves(read(window=249).window)[0]).all()
    with pytest.raises(ValueError), np.errstate(all="ignore"):
        curves(250)


TRAIN = {
    "optimizer": "muon", "learning_rate": 0.01, "muon_learning_rate": 0.1, "steps": 1, "batch_size": 1,
    "warmup_steps": 0, "decay": True, "clip_norm": 1.0, "ema_decay": 0.9, "fewest_observations": 30, "kl_warmup_steps": 0,
    "consistency_weight": 1.0, "prediction_weight": 1.0, "subwindow": 50, "step_size": 0.1, "validate_every": 1,
}  # fmt: skip
MODEL = {"latent_size": 4, "encoder_size": 128, "field_size": 64, "decoder_size": 64, "time_unit": 100.0}


@pytest.mark.parametrize(
    ("train", "model", "says"),
    [
        ({"fewest_observations": 101}, {}, "fewest_observations is larger than data.window"),
        ({"subwindow": 101}, {}, "subwindow is larger than data.window"),
        ({"step_size": 2.0}, {}, "step_size"),
        ({}, {"encoder_size": 16, "field_size": 16, "decoder_size": 16}, "muon needs"),
    ],
)
def test_what_only_the_whole_section_shows(train, model, says):
    with pytest.raises(UserError, match=says):
        whole(train, {"latent_ode": MODEL | model})


@pytest.mark.parametrize("latent_ode", [MODEL | {"encoder_size": "many"}, MODEL | {"field_size": 16}, {}, 3])
def test_sizes_that_are_none_are_left_to_the_models_own_schema(latent_ode):
    whole({}, {"latent_ode": latent_ode, "another": {"size": 1}})


def whole(train, models):
    values = {
        "threads": 1,
        "data": DATA,
        "train": TRAIN | train,
        "models": models,
        "evaluate": {"tolerance": 1e-5, "samples": 10, "band_size": 10},
    }
    return section({"trajectory": values}, "trajectory", Params)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"stride": 0}, r"trajectory\.models\.gru\.stride"),
        ({"train": {"steps": 1}}, r"trajectory\.models\.gru\.train\.warmup_steps is missing"),
        ({"train": {"step": 1}}, r"trajectory\.models\.gru\.train\.step is not a known parameter; did you mean steps\?"),
    ],
)
def test_a_models_own_settings_are_checked(changes, says):
    own = {"steps": 1, "warmup_steps": 0, "learning_rate": 0.01, "muon_learning_rate": 0.01}
    with pytest.raises(UserError, match=says):
        schemas.model("trajectory", "gru", {"hidden_size": 64, "stride": 10, "train": own} | changes)
