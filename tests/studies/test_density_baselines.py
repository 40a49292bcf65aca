"""Other estimators: each candidate is scored, the best on the validation points is taken, and all are shown. Flow matching:
what its loss comes to, and what it finds."""

import math
import re
import sys

import invented_density
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.integrate import quad

from neural_odes import validation
from neural_odes.density.models.cnf import Cnf, CnfField
from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import CnfParams, UpdatesParams
from neural_odes.errors import UserError
from neural_odes.pipeline import models
from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.record import Record
from neural_odes.pipeline.stage import Stage
from studies.density_baselines.baseline import baseline, kernels, mixtures
from studies.density_baselines.figures import density_baselines, density_objectives
from studies.density_baselines.matching import FlowMatching, matching
from studies.density_baselines.params import GmmParams, KdeParams
from studies.density_baselines.summarise import summarise


@pytest.fixture
def root(tmp_path):
    return invented_density.clone(tmp_path / "clone", "density_baselines")


def test_candidates_and_their_parameters():
    train = TwoMoons(0.1).sample(300, np.random.default_rng(0))
    found = mixtures(GmmParams(components=[1, 3], train_size=200, seed=0), train)
    assert found.parameters == {1: 5, 3: 17} and found.scored is None
    assert found.estimators[3].n_components == 3
    np.testing.assert_allclose(found.estimators[1].means_[0], train[:200].mean(0))
    smooth = kernels(KdeParams(bandwidths=[0.1, 0.2], train_size=500, test_size=7), train, scale=2.0)
    assert smooth.parameters == {0.2: 600, 0.4: 600} and smooth.scored == 7


def test_a_kernel_density_is_the_mean_of_its_kernels():
    train, x = np.random.default_rng(0).standard_normal((2, 40, 2))
    (kernel,) = kernels(KdeParams(bandwidths=[0.3], train_size=40, test_size=5), train, scale=1.0).estimators.values()
    squares = ((x[:, None] - train) ** 2).sum(-1)
    exact = np.log(np.exp(-squares / (2 * 0.3**2)).mean(1) / (2 * np.pi * 0.3**2))
    np.testing.assert_allclose(kernel.score_samples(x), exact, atol=1e-4)


@pytest.mark.parametrize(("model", "scored"), [("gmm", 60), ("kde", 30)])
def test_the_best_on_the_validation_points_is_taken(root, model, scored):
    moons, folder = TwoMoons(0.05), root / "data" / "density"
    invented_density.record(folder, "density-data")
    for size, split in ((400, "train"), (50, "validation"), (60, "test")):
        np.save(folder / f"{split}.npy", moons.sample(size, np.random.default_rng(size)))
    path = root / "studies/density_baselines/params.yaml"
    text = path.read_text().replace("[8, 16, 32, 64]", "[1, 4]").replace("test_size: 20000", "test_size: 30")
    path.write_text(text)
    with Stage(f"python ../../stages/study.py baseline {model}", path.parent) as stage:
        baseline(stage, **stage.instance)
        stage.finish()
    found = read_json(path.parent / f"evaluations/{model}/metrics.json")
    tried = found["validation_nll_nats"]
    assert tried[str(found["chosen"])] == min(tried.values()) and len(tried) == {"gmm": 2, "kde": 4}[model]
    test = np.load(folder / "test.npy")[:scored]
    assert found["nll_nats"] - found["gap_nats"] == pytest.approx(-moons.log_prob(test).mean())
    record = Record.read(path.parent / "evaluations" / model)
    assert record.own.parameters.keys() == {"density.data", "density.threads", f"density.models.{model}"}


@pytest.fixture
def summarised(root):
    """The study's folder, with trainings by flow matching of 300 and of 1,200 updates, in 2 ms each."""
    study = root / "studies" / "density_baselines"
    path = study / "params.yaml"
    path.write_text(re.sub(r"steps: \[.*?\]", "steps: [1200, 300]", path.read_text()))
    sides = [{"side": "likelihood", "ms": 20.0}, {"side": "matching", "ms": 2.0}]
    (root / "benchmarks/results").mkdir(parents=True)
    write_json(root / "benchmarks/results/cnf_objectives.json", {"rows": sides})
    invented_density.claim(root)
    np.save(root / "data/density/validation.npy", TwoMoons().sample(40, np.random.default_rng(1)))
    for seed, gap in enumerate((0.003, 0.004, 0.005)):
        invented_density.trained(study / f"models/nsf-{seed}", f"density-train@nsf-{seed}")
        invented_density.evaluated(study / f"evaluations/nsf-{seed}", f"density-evaluate@nsf-{seed}", gap)
        for steps, missed in ((300, 0.04), (1200, 0.01)):
            folder, stage = study / f"evaluations/matching-{steps}-{seed}", f"density-matching@cnf-{steps}-{seed}"
            invented_density.trained(folder, stage)
            invented_density.evaluated(folder, stage, missed)
    for model, chosen in (("gmm", 32), ("kde", 0.02)):
        invented_density.evaluated(study / f"evaluations/{model}", f"density-baseline@{model}", 0.01, chosen=chosen)
    invented_density.summarise(root, "density_baselines", summarise)
    return study


def test_what_is_summarised_and_drawn(summarised):
    metrics = read_json(summarised / "results/metrics.json")
    assert metrics.keys() == {"nsf", "gmm", "kde", "objectives"}
    assert metrics["nsf"]["gap_nats"]["mean"] == pytest.approx(0.004) and metrics["nsf"]["steps"] == 2500
    assert metrics["gmm"]["chosen"] == 32 and metrics["kde"]["gap_nats"]["std"] is None
    assert (summarised / "results/curves.csv").read_text().startswith("step,model,seed,metric,value\n1,nsf,0,loss,2.0\n")
    shown = read_json(summarised / "results/source/density-baselines/gaps.json")
    assert shown["cnf"]["gap_nats"] == 0.002 and shown["gmm"]["over_seeds"] is None
    assert shown["matching"]["gap_nats"] == pytest.approx(0.04)  # of the shortest training, which is as long as the claim's
    (ax,) = density_baselines.draw(summarised / "results/source/density-baselines").axes
    assert [text.get_text().partition("\n")[0] for text in ax.get_yticklabels()] == [
        "continuous normalizing flow",
        "the same by flow matching",
        "neural spline flow",
        "Gaussian mixture",
        "kernel density",
    ]


def test_objectives_are_compared_by_their_time(summarised):
    found = read_json(summarised / "results/metrics.json")["objectives"]
    assert [(row["steps"], row["seconds"]) for row in found["likelihood"]] == [(2500, 50.0)]
    assert [(row["steps"], row["seconds"]) for row in found["matching"]] == [(300, 0.6), (1200, 2.4)]
    assert found["matching"][1]["gap_nats"]["mean"] == pytest.approx(0.01)
    source = summarised / "results/source/density-objectives"
    # Each history ends at step 2 with an NLL of 1.5 nats on the validation points.
    least = -TwoMoons().log_prob(TwoMoons().sample(40, np.random.default_rng(1))).mean()
    curves = pd.read_csv(source / "curves.csv")
    assert len(curves) == 3 * 3 and curves["gap_nats"].tolist() == pytest.approx([1.5 - least] * 9)
    assert curves["seconds"].tolist() == pytest.approx([0.04] * 3 + [0.004] * 6)
    (ax,) = density_objectives.draw(source).axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["maximum likelihood", "flow matching"]
    assert Record.read(source).own.parameters.keys() == {
        "study_seeds",
        "density.data",
        "density.matching.steps",
        "density.train.steps",
    }


def matched(scale: float = 2.0, steps: int = 200) -> FlowMatching:
    """Of a small field that is to carry N(0, I) to N(0, scale² I)."""
    torch.set_default_dtype(torch.float32)
    points = scale * torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    params = UpdatesParams(
        optimizer="soap", learning_rate=0.02, batch_size=256, warmup_steps=10, decay=True, clip_norm=5.0, validate_every=50
    )
    flow = models.seeded(0, lambda: Cnf(CnfParams(hidden_size=16, end_time=1.0)))
    return FlowMatching(flow, params, steps, points[:3000], points[3000:], torch.Generator().manual_seed(1))


def test_flow_matching_finds_a_gaussian():
    task, entropy = matched(), math.log(2 * math.pi * math.e * 4)
    assert task.validate()["validation_nll_nats"] > entropy + 0.3
    for index in range(task.steps):
        task.step(index)
    assert task.validate()["validation_nll_nats"] == pytest.approx(entropy, abs=0.08)


@pytest.mark.parametrize("end_time", [1.0, 2.0])
def test_the_loss_of_the_best_field_is_what_no_field_can_know(end_time, monkeypatch):
    """Of x from N(0, s² I), the mean of x − z given y = (1 − t) z + t x is y (t s² − (1 − t)) / v, where v = (1 − t)² + t² s².
    What is left of its variance, in a coordinate, is s²/v: its mean over times is the integral."""
    task, s = matched(scale=2.0), 2.0
    task.flow.end_time = end_time

    def best(self, time, y):
        t = time / end_time
        return y * (t * s**2 - (1 - t)) / ((1 - t) ** 2 + t**2 * s**2) / end_time

    monkeypatch.setattr(CnfField, "velocity", best)
    x = s * torch.randn(200_000, 2, generator=torch.Generator().manual_seed(3))
    loss, _ = task.loss(x, 0)
    exact = 2 * quad(lambda t: s**2 / ((1 - t) ** 2 + t**2 * s**2), 0, 1)[0]
    assert float(loss) == pytest.approx(exact, rel=0.01)


def test_a_resumed_flow_matching_gives_the_same_bytes(interrupted):
    whole, second = interrupted(matched, stop=6, steps=9)
    for a, b in zip(whole.flow.parameters(), second.flow.parameters(), strict=True):
        assert torch.equal(a, b)


def test_flow_matching_is_scored_by_its_exact_likelihood(root, monkeypatch):
    torch.set_default_dtype(torch.float32)
    monkeypatch.setenv("NEURAL_ODES_TRACKING", "off")
    study, folder, moons = root / "studies" / "density_baselines", root / "data" / "density", TwoMoons()
    invented_density.record(folder, "density-data")
    for size, split in ((400, "train"), (50, "validation"), (60, "test")):
        np.save(folder / f"{split}.npy", moons.sample(size, np.random.default_rng(size)))
    path = root / "params.yaml"
    path.write_text(path.read_text().replace("grid_spacing: 0.02", "grid_spacing: 0.5"))
    path = study / "params.yaml"
    path.write_text(re.sub(r"steps: \[.*?\]", "steps: [3]", path.read_text()).replace("batch_size: 1024", "batch_size: 32"))
    with Stage("python ../../stages/study.py matching cnf 3 1", study) as stage:
        matching(stage, **stage.instance)
        stage.finish()
    out = study / "evaluations/matching-3-1"
    found, test = read_json(out / "metrics.json"), np.load(folder / "test.npy")
    assert found["nll_nats"] - found["gap_nats"] == pytest.approx(-moons.log_prob(test).mean())
    assert found["nll_nats"] == pytest.approx(-float(models.restored(out).log_prob(test).mean()), abs=1e-4)
    asked = Record.read(out).own.parameters.keys()
    assert asked == {"density.matching.train", "density.data", "density.evaluate", "density.models.cnf", "density.threads"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[8, 16, 32, 64]", "[]", r"density\.models\.gmm\.components: .*at least 1"),
        ("[8, 16, 32, 64]", "[8, x]", r"density\.models\.gmm\.components\.1: .*integer"),
        ("    kde:", "    kd:", r"density\.models\.kd: kd is not among the NETWORKS"),
        ("bins: 16", "bin: 16", r"density\.models\.nsf\.bin is not a known parameter; did you mean bins\?"),
    ],
)
def test_what_is_wrong_in_its_parameters_is_said(root, old, new, message, monkeypatch):
    """The estimators are no networks, and have their schemas in the study; the spline flow is one."""
    study = root / "studies" / "density_baselines"
    (study / "params.py").write_text((invented_density.ROOT / "studies/density_baselines/params.py").read_text())
    monkeypatch.setattr(sys, "path", list(sys.path))  # the clone is put on it
    validation.check_all(root)
    path = study / "params.yaml"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(UserError, match=rf"^studies/density_baselines/params\.yaml: {message}"):
        validation.check_all(root)
