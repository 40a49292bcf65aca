"""Estimators without an ODE: each candidate is scored, the best on the validation points is taken, and all are shown."""

import sys

import invented_density
import numpy as np
import pytest

from neural_odes import validation
from neural_odes.density.moons import TwoMoons
from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.record import Record
from neural_odes.pipeline.stage import Stage
from studies.density_baselines.baseline import baseline, kernels, mixtures
from studies.density_baselines.figures import density_baselines
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


def test_what_is_summarised_and_drawn(root):
    study = root / "studies" / "density_baselines"
    invented_density.claim(root)
    for seed, gap in enumerate((0.003, 0.004, 0.005)):
        invented_density.trained(study / f"models/nsf-{seed}", f"density-train@nsf-{seed}")
        invented_density.evaluated(study / f"evaluations/nsf-{seed}", f"density-evaluate@nsf-{seed}", gap)
    for model, chosen in (("gmm", 32), ("kde", 0.02)):
        invented_density.evaluated(study / f"evaluations/{model}", f"density-baseline@{model}", 0.01, chosen=chosen)
    invented_density.summarise(root, "density_baselines", summarise)
    metrics = read_json(study / "results/metrics.json")
    assert metrics.keys() == {"nsf", "gmm", "kde"}
    assert metrics["nsf"]["gap_nats"]["mean"] == pytest.approx(0.004) and metrics["nsf"]["steps"] == 2500
    assert metrics["gmm"]["chosen"] == 32 and metrics["kde"]["gap_nats"]["std"] is None
    assert (study / "results/curves.csv").read_text().startswith("step,model,seed,metric,value\n1,nsf,0,loss,2.0\n")
    shown = read_json(study / "results/source/density-baselines/gaps.json")
    assert shown["cnf"]["gap_nats"] == 0.002 and shown["gmm"]["over_seeds"] is None
    (ax,) = density_baselines.draw(study / "results/source/density-baselines").axes
    assert [text.get_text().partition("\n")[0] for text in ax.get_yticklabels()] == [
        "continuous normalizing flow",
        "neural spline flow",
        "Gaussian mixture",
        "kernel density",
    ]


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
