"""The training task: a resumed one takes the same steps, and its loss goes down."""

import numpy as np
import pytest
import torch

from neural_odes import params
from neural_odes.pipeline.stage import Stage
from neural_odes.trajectory import spirals
from neural_odes.trajectory.models.latent_ode import LatentOde
from neural_odes.trajectory.params import LatentParams, TrainParams
from neural_odes.trajectory.train import Reconstruction, settings

PARAMS = {
    "optimizer": "muon", "learning_rate": 0.01, "muon_learning_rate": 0.03, "steps": 40, "batch_size": 8,
    "warmup_steps": 5, "decay": True, "clip_norm": 1.0, "ema_decay": 0.9, "fewest_observations": 30, "kl_warmup_steps": 10,
    "consistency_weight": 3.0, "prediction_weight": 1.0, "subwindow": 50, "step_size": 0.25, "validate_every": 10,
}  # fmt: skip


def task(**changes):
    generator = np.random.default_rng(0)
    train, validation = (
        spirals.sample(20, window=100, starts=starts, noise_std=0.3, generator=generator)
        for starts in ((0.0, 400.0), (0.0, 300.0))
    )
    torch.manual_seed(0)
    model = LatentOde(LatentParams(latent_size=4, encoder_size=32, field_size=32, decoder_size=32, time_unit=100.0), 100)
    observations = torch.tensor(train.observations)
    return Reconstruction(
        model, TrainParams(**(PARAMS | changes)), 0.3, observations, validation, torch.Generator().manual_seed(0)
    )


@pytest.mark.parametrize("optimizer", ["muon", "adam"])
def test_a_resumed_task_goes_on_as_if_never_interrupted(optimizer, tmp_path):
    whole = task(optimizer=optimizer)
    for index in range(4):
        whole.step(index)
        if index == 1:
            torch.save(whole.state_dict(), tmp_path / "state")
    resumed = task(optimizer=optimizer)
    resumed.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    for index in (2, 3):
        resumed.step(index)
    for a, b in zip(whole.trained.parameters(), resumed.trained.parameters(), strict=True):
        assert torch.equal(a, b)
    assert whole.validate() == resumed.validate()


def test_the_loss_goes_down():
    trained = task()
    losses = [float(trained.step(index)["nll"]) for index in range(40)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    assert set(trained.validate()) == {"validation_rmse_interpolation", "validation_rmse_extrapolation"}


def test_a_weight_of_zero_leaves_the_elbo_alone():
    recorded = task(consistency_weight=0.0, prediction_weight=0.0, kl_warmup_steps=0).step(0)
    torch.testing.assert_close(recorded["loss"], recorded["nll"] + recorded["kl"])


class Declared(Stage):
    """A stage that has the claim's settings, and notes what it is asked for."""

    def __init__(self):
        self.asked: set[str] = set()

    def section(self, name, kind):
        self.asked.add(name)
        return params.lookup({"trajectory": {"train": PARAMS}}, name)


def test_a_models_own_settings_take_the_place_of_the_claims():
    """Which are then not asked for: an edit of them trains nothing again."""
    stage, own = Declared(), {"steps": 30, "learning_rate": 0.5}
    assert dict(settings(stage, own)) == PARAMS | own
    assert stage.asked == {f"trajectory.train.{name}" for name in PARAMS.keys() - own.keys()}
