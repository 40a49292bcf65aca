"""Continuous flows beside planar flows: trained alike, drawn."""

import invented_density
import numpy as np
import pytest
import torch

from neural_odes.density.moons import TwoMoons
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.record import Record
from neural_odes.pipeline.stage import Stage
from studies.widths.figures import widths_gap, widths_samples
from studies.widths.summarise import summarise
from studies.widths.widths import widths


@pytest.fixture
def root(tmp_path):
    root = invented_density.clone(tmp_path / "clone", "widths")
    path = root / "studies/widths/params.yaml"
    text = path.read_text().replace("sizes: [2, 8, 32]", "sizes: [2, 8]").replace("samples: 4000", "samples: 20")
    text = text.replace("train_size: 100000", "train_size: 400").replace("test_size: 20000", "test_size: 50")
    path.write_text(
        text.replace("steps: 1000 ", "steps: 3 ")
        .replace("_steps: 40 ", "_steps: 1 ")
        .replace("batch_size: 512", "batch_size: 32")
    )
    return root


@pytest.mark.parametrize("model", ["planar", "planar_cnf"])
def test_a_flow_is_trained_and_scored(root, model, monkeypatch):
    torch.set_default_dtype(torch.float32)
    monkeypatch.setenv("NEURAL_ODES_TRACKING", "off")
    (root / "data").mkdir()
    (root / "data" / "check.txt").write_text("")
    with Stage(f"python ../../stages/study.py widths moons {model} 2 1", root / "studies/widths") as stage:
        widths(stage, **stage.instance)
        stage.finish()
    out = root / f"studies/widths/evaluations/moons-{model}-2-1"
    assert {path.name for path in out.iterdir()} == {
        "history.csv", "inputs.json", "metrics.json", "model.safetensors", "samples.npy", "training.json",
    }  # fmt: skip
    found = read_json(out / "metrics.json")
    test = TwoMoons(0.1).sample(50, np.random.default_rng(2018).spawn(3)[2])
    assert found["nll_nats"] - found["gap_nats"] == pytest.approx(-TwoMoons(0.1).log_prob(test).mean())
    assert found["parameters"] == {"planar": 10, "planar_cnf": 14}[model]
    assert np.load(out / "samples.npy").shape == (20, 2)
    assert Record.read(out).own.parameters.keys() == {"density.widths", "density.threads"}


def test_what_is_summarised_and_drawn(root):
    folder, points = root / "studies/widths", np.random.default_rng(0).standard_normal((20, 2))
    for data in ("moons", "circles"):
        for model, gap in (("planar", 0.5), ("planar_cnf", 0.4)):
            for size in (2, 8):
                for seed in range(3):
                    name = f"{data}-{model}-{size}-{seed}"
                    out = folder / "evaluations" / name
                    invented_density.evaluated(out, f"density-widths@{name}", gap + seed / 100, entropy_nats=1.0)
                    np.save(out / "samples.npy", points)
    invented_density.summarise(root, "widths", summarise)
    metrics = read_json(folder / "results/metrics.json")
    assert metrics["circles"]["entropy_nats"] == 1.0 and metrics["moons"]["planar"]["8"]["parameters"] == 100
    assert metrics["moons"]["planar_cnf"]["2"]["gap_nats"]["values"] == pytest.approx([0.4, 0.41, 0.42])
    source = folder / "results" / "source"
    shown = Record.read(source / "widths-samples")
    assert all(name.endswith("-0") for name in shown.own.data) and len(shown.own.data) == 8
    gap = widths_gap.draw(source / "widths-gap")
    assert [ax.get_title() for ax in gap.axes] == ["Two moons", "Two circles"]
    titles = [ax.get_title() for ax in widths_samples.draw(source / "widths-samples").axes]
    assert titles[:6] == [
        "moons, points",
        "planar flow, K = 2",
        "planar flow, K = 8",
        "moons, points",
        "CNF, M = 2",
        "CNF, M = 8",
    ]
    assert len(titles) == 12
