"""Training, validation, evaluation and resuming on a device that is not the processor: see ``elsewhere``."""

from collections.abc import Callable
from typing import Any

import invented_density
import numpy as np
import pandas as pd
import pytest
import torch
from elsewhere import NAME, There, elsewhere
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from neural_odes import params
from neural_odes.classification.train import Classification
from neural_odes.density.moons import TwoMoons
from neural_odes.density.train import Objective
from neural_odes.pipeline import machine
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.stage import Stage
from neural_odes.pipeline.transfer import to_device
from neural_odes.running import presets
from neural_odes.training.checkpoint import Checkpoint
from neural_odes.trajectory import spirals
from neural_odes.trajectory.train import Reconstruction
from studies.widths import widths

SMALL = {
    "classification": {
        "train": {"epochs": 2, "batch_size": 3, "early_side": 16},
        "evaluate": {"batch_size": 4, "tolerance": 1e-1},
    },
    "density": {
        "train": {"steps": 8, "batch_size": 32, "warmup_steps": 2, "validate_every": 4, "refresh_every": 4, "tolerance": 1e-2},
        "models": {"cnf": {"hidden_size": 8}},
        "evaluate": {"tolerance": 1e-3, "tight_tolerance": 1e-4, "grid_spacing": 1.0, "samples": 5},
    },
    "trajectory": {
        "data": {"window": 20, "observations": [5, 20]},
        "train": {"steps": 8, "batch_size": 4, "warmup_steps": 2, "validate_every": 4, "fewest_observations": 5, "subwindow": 10},
        "models": {"latent_ode": {"encoder_size": 32, "field_size": 32, "decoder_size": 32, "time_unit": 20.0}},
        "evaluate": {"tolerance": 1e-2, "samples": 3, "band_size": 4},
    },
}
TASKS = {"classification": Classification, "density": Objective, "trajectory": Reconstruction}
CLAIMS = [("classification", "odenet"), ("classification", "resnet"), ("density", "cnf"), ("trajectory", "latent_ode")]
OTHERS = [
    ("table1", "classification", "mlp"), ("trajectory_baselines", "trajectory", "latent_ode_continuation"),
    ("trajectory_baselines", "trajectory", "gru"), ("trajectory_baselines", "trajectory", "ode_rnn"),
    ("trajectory_baselines", "trajectory", "neural_cde"),
]  # fmt: skip


def _images(folder):
    generator = np.random.default_rng(0)
    for split in ("train", "validation", "test"):
        np.save(folder / f"{split}_images.npy", generator.integers(256, size=(6, 1, 28, 28), dtype=np.uint8))
        np.save(folder / f"{split}_labels.npy", generator.integers(10, size=6, dtype=np.uint8))


def _points(folder):
    for seed, split in enumerate(("train", "validation", "test")):
        np.save(folder / f"{split}.npy", TwoMoons().sample(60, np.random.default_rng(seed)))


def _curves(folder):
    for split, windows in spirals.WINDOWS.items():
        drawn = spirals.sample(8, window=20 * windows, starts=(0.0, 300.0), noise_std=0.3, generator=np.random.default_rng(0))
        spirals.save(drawn, folder / split)
        np.save(folder / split / "truth.npy", drawn.truth(40))


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A clone with a handful of invented data of each claim."""
    monkeypatch.setenv("NEURAL_ODES_TRACKING", "off")
    monkeypatch.setenv("NEURAL_ODES_CACHE", str(tmp_path / "cache"))
    torch.set_default_dtype(torch.float32)
    root = invented_density.clone(tmp_path / "clone", "table1", "trajectory_baselines")
    presets.overlay(root, SMALL)
    for claim, draw in (("classification", _images), ("density", _points), ("trajectory", _curves)):
        invented_density.record(root / "data" / claim, f"{claim}-data")
        draw(root / "data" / claim)
    return root


@pytest.fixture
def on(monkeypatch) -> Callable[[str], None]:
    """Has stages compute on a device."""
    return lambda name: monkeypatch.setattr(machine, "prepare", lambda stage: torch.device(name))


def _run(root, verb, claim, model):
    with Stage(f"python stages/{verb}.py {claim} {model} 0", root) as stage:
        getattr(stage.module(claim, verb), verb)(stage, model=model, seed=0)
        stage.finish()
    return stage.out


def _made(out):
    """Weights, history and metrics."""
    if (out / "model.safetensors").is_file():
        return load_file(out / "model.safetensors"), pd.read_csv(out / "history.csv")["value"].to_numpy(), {}
    metrics = params.flatten(read_json(out / "metrics.json"))
    metrics.pop("saved_bytes_per_image", None)  # counts addresses, of which the stand-in has none
    return {}, np.empty(0), metrics


@pytest.mark.slow
@pytest.mark.parametrize(("claim", "model"), CLAIMS)
def test_a_claim_s_training_stopped_and_resumed_on_a_device_and_its_scores(claim, model, root, on, monkeypatch):
    """The stand-in computes what the processor does, so that all numbers must be those of the processor."""
    on("cpu")
    on_processor = [_made(_run(root, verb, claim, model)) for verb in ("train", "evaluate")]
    monkeypatch.setenv("NEURAL_ODES_CHECKPOINT_SECONDS", "-1")
    on(NAME)
    step = TASKS[claim].step

    def stopped(task, index):
        if index == 3:  # of classification, amid the second epoch
            raise KeyboardInterrupt
        return step(task, index)

    with elsewhere():
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(TASKS[claim], "step", stopped)
            _run(root, "train", claim, model)
        taken = []
        monkeypatch.setattr(TASKS[claim], "step", lambda task, index: taken.append(index) or step(task, index))
        found = [_made(_run(root, verb, claim, model)) for verb in ("train", "evaluate")]
    assert taken[0] == 3
    assert read_json(root / "models" / claim / f"{model}-0" / "training.json")["device"] == NAME
    for (weights, history, metrics), (expected, expected_history, expected_metrics) in zip(found, on_processor, strict=True):
        torch.testing.assert_close(weights, expected)
        np.testing.assert_allclose(history, expected_history, rtol=1e-5)
        assert metrics == pytest.approx(expected_metrics, rel=1e-3)


def _gru_cell(x, state, of_x, of_state, bias_x, bias_state):
    """PyTorch's own is one kernel, which the stand-in lacks."""
    a, b = functional.linear(x, of_x, bias_x).chunk(3, 1), functional.linear(state, of_state, bias_state).chunk(3, 1)
    reset, update = (a[0] + b[0]).sigmoid(), (a[1] + b[1]).sigmoid()
    new = (a[2] + reset * b[2]).tanh()
    return new + update * (state - new)


def _gru(x, states, weights, *_):
    state = states[0]
    for each in x.unbind(1):
        state = _gru_cell(each, state, *weights)
    return None, state[None]


@pytest.mark.parametrize(("study", "claim", "model"), [("", *claim) for claim in CLAIMS] + OTHERS)
def test_a_step_does_not_wait_for_the_device(study, claim, model, root, on, monkeypatch):
    """But for the first of an epoch of images, which draws from the losses, and an adaptive solve; here after a resume."""
    on(NAME)
    monkeypatch.setattr(torch.nn.modules.rnn._VF, "gru_cell", _gru_cell)
    monkeypatch.setattr(torch.nn.modules.rnn._VF, "gru", _gru)
    folder, way = (root / "studies" / study, "../../") if study else (root, "")
    with elsewhere() as seen:
        stage = Stage(f"python {way}stages/train.py {claim} {model} 0", folder)
        task = stage.module(claim, "train").task(stage, model=model, seed=0)
        task.step(0)
        checkpoint = Checkpoint(root, "state")
        checkpoint.save(task.state_dict())
        task.load_state_dict(checkpoint.load())
        waits = len(seen.waits)
        recorded = task.step(1)
        assert seen.waits[waits:] == []
        assert isinstance(recorded["loss"], There)


def test_what_is_drawn_goes_to_the_device_from_pinned_memory():
    drawn = torch.arange(3)
    assert to_device(drawn, torch.device("cpu")) is drawn
    with elsewhere() as seen:
        there = to_device(drawn, torch.device(NAME))
        assert seen.waits == []
        assert isinstance(there, There) and there.tolist() == [0, 1, 2]


MISTAKES: dict[str, Callable[[Tensor], Any]] = {
    "a number is read": lambda x: float(x[0]),
    "a condition is read": lambda x: bool(x[0] > 0),
    "numbers are listed": lambda x: x.tolist(),
    "a mask chooses": lambda x: x[x > 0],
    "a list chooses": lambda x: x[[0, 1]],
    "a list becomes a tensor there": lambda x: x.new_tensor([1.0, 2.0]),
    "a copy from other memory": lambda x: torch.ones(2).to(x.device),
    "a copy that is waited for": lambda x: torch.ones(2).pin_memory().to(x.device),
    "a copy back": lambda x: x.cpu(),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_stand_in_sees_a_wait(mistake):
    with elsewhere() as seen:
        x = torch.ones(2).pin_memory().to(NAME, non_blocking=True)
        (2 * x + 1).sum()
        assert seen.waits == []
        MISTAKES[mistake](x)
        assert len(seen.waits) == 1


def test_the_stand_in_refuses_what_a_gpu_refuses():
    with elsewhere():
        x = torch.ones(2).to(NAME)
        assert (x + torch.tensor(1.0)).tolist() == [2.0, 2.0]  # a scalar may come from the processor
        with pytest.raises(RuntimeError, match="add: expected all tensors on one device"):
            x + torch.ones(2)
        with pytest.raises(RuntimeError, match="randn: expected a generator of the device"):
            torch.randn(2, device=NAME, generator=torch.Generator())
        with pytest.raises(RuntimeError, match="normal_: expected a generator of the device"):
            x.normal_(generator=torch.Generator())


def test_float32_is_float32_on_a_gpu(root):
    with Stage("python stages/train.py density cnf 0", root) as stage:
        machine.prepare(stage)
    kinds = torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn.rnn
    assert [kind.fp32_precision for kind in kinds] == ["ieee"] * 3  # by default convolutions would be TF32


def test_the_samples_of_a_study_are_drawn_on_the_processor_whatever_the_device(root, on, tmp_path, monkeypatch):
    folder = invented_density.clone(tmp_path / "study", "widths") / "studies/widths"
    (tmp_path / "study" / "data").mkdir()
    (tmp_path / "study" / "data" / "check.txt").touch()
    monkeypatch.setattr(widths, "_VALIDATED", 20)
    samples = {}
    for name in ("cpu", NAME):
        on(name)
        command = "python ../../stages/study.py widths moons planar_cnf 2 0"
        with elsewhere(), Stage(command, folder) as stage:
            section = stage.values["density"]["widths"]
            section |= {"train_size": 40, "test_size": 20, "samples": 5}
            section["train"] |= {"steps": 2, "batch_size": 8}
            widths.widths(stage, **stage.instance)
        samples[name] = np.load(stage.out / "samples.npy")
    np.testing.assert_allclose(samples[NAME], samples["cpu"], rtol=1e-5)
