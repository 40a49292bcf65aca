"""The benchmark of a GPU, as far as it goes without one: on the processor, with trainings of seconds."""

import importlib
import json
import os
import subprocess
import sys

import invented_density
import numpy as np
import pytest
import torch

from neural_odes.running import presets

SMALL = {
    "density": {
        "data": {"train_size": 2000, "validation_size": 200, "test_size": 200},
        "train": {"steps": 60, "batch_size": 32, "warmup_steps": 4, "validate_every": 20},
        "evaluate": {"grid_spacing": 0.5, "samples": 20},
    },
    "trajectory": {"data": {"train_size": 1000, "validation_size": 20, "test_size": 20}, "train": {"batch_size": 4}},
}


@pytest.fixture
def gpu(root, tmp_path, monkeypatch):
    """The benchmark's module; what it measures goes into a folder of its own."""
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    module = importlib.import_module("gpu")
    monkeypatch.setattr(module, "WRITTEN", tmp_path / "gpu.json")
    monkeypatch.setattr(module, "SHORT", SMALL)
    monkeypatch.setattr(module, "TOGETHER", (1, 2))
    monkeypatch.setattr(module, "STEPS", 1)
    monkeypatch.setattr(module, "REPEATS", 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a card")
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setenv("NEURAL_ODES_DEVICE", "cpu")
    monkeypatch.chdir(root)
    torch.set_default_dtype(torch.float32)
    return module


@pytest.fixture
def clone(gpu, tmp_path):
    (tmp_path / "clone").mkdir()
    made = gpu.Clone(tmp_path / "clone")
    presets.overlay(made.folder, SMALL)
    return made


def rows(gpu, part):
    return {row["side"]: row for row in json.loads(gpu.WRITTEN.read_text())[part]["rows"]}


@pytest.mark.slow
def test_bytes_of_a_training_that_is_repeated_and_killed(gpu, clone):
    gpu.same_bytes(clone, ["cnf"], 0)
    row = rows(gpu, "bytes")["cnf"]
    assert row["twice"] and row["after_kill"] and row["killed_amid"] and row["files"] == 8 and len(row["weights"]) == 64


@pytest.mark.slow
def test_scores_and_trainings_beside_one_another(gpu, clone):
    gpu.claims(clone, ["cnf"], 0)
    assert set(rows(gpu, "claims")["cnf"]["scores"]) == {"gap_nats"}
    gpu.beside(clone, ["cnf"], 0)
    assert [row["together"] for row in rows(gpu, "beside").values()] == [1, 2]
    assert set(rows(gpu, "claims")) == {"cnf"}  # a part leaves the others where they are


@pytest.mark.slow
def test_steps_beside_those_of_the_examples(gpu, clone, monkeypatch):
    folder, generator = clone.folder / "data" / "classification", np.random.default_rng(0)
    invented_density.record(folder, "classification-data")
    for split in ("train", "validation"):
        np.save(folder / f"{split}_images.npy", generator.integers(256, size=(8, 1, 28, 28), dtype=np.uint8))
        np.save(folder / f"{split}_labels.npy", generator.integers(10, size=8, dtype=np.uint8))
    monkeypatch.setattr(torch.cuda, "make_graphed_callables", lambda block, examples: block)
    gpu.steps(clone, ["cnf", "latent_ode"], 0)
    assert len(found := rows(gpu, "steps")) == 4 and all(row["ms"] > 0 for row in found.values())
    updates = [step(0)["loss"] for step in (gpu._task("odenet").step, gpu._graphed())]
    assert torch.equal(*updates)  # what is captured is the block itself


def test_results_of_another_card_go(gpu, monkeypatch):
    gpu.record("steps", "ours", ms=1.0)
    gpu.record("steps", "theirs", ms=2.0)
    gpu.record("steps", "ours", ms=3.0)
    assert {side: row["ms"] for side, row in rows(gpu, "steps").items()} == {"theirs": 2.0, "ours": 3.0}
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "another card")
    gpu.record("steps", "ours", ms=4.0)
    assert [row["ms"] for row in rows(gpu, "steps").values()] == [4.0]


def test_without_a_gpu_it_is_one_line(root):
    command = [sys.executable, "benchmarks/gpu.py", "steps"]
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": "src"}
    done = subprocess.run(command, cwd=root, env=hidden, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "error: torch finds no GPU; this benchmark needs one\n")
