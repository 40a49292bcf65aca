"""A published model trained again: the spread over seeds decides where bytes cannot."""

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest

from neural_odes.checking.retrain import judge, retrain
from neural_odes.errors import UserError
from neural_odes.pipeline.record import Inputs, Record
from neural_odes.running import call
from neural_odes.summaries.statistics import over_seeds


def test_one_more_seed_lies_in_the_prediction_interval():
    """Of 0, 1 and 2: mean 1, s = 1, and Student's t of two degrees of freedom, 4.3027, times √(1 + 1/3)."""
    half = 4.30265 * math.sqrt(4 / 3)
    details = {"entropy_nats": 0.3, "cnf": {"nll_nats": over_seeds([0.0, 1.0, 2.0]), "parameters": 100}}
    inside = judge("density", "cnf", details, {"nll_nats": 1 + 0.999 * half, "parameters": 100})
    assert (inside.verdict, inside.exit_code) == ("agrees", 0) and "all 1 scores" in inside.reason
    outside = judge("density", "cnf", details, {"nll_nats": 1 + 1.001 * half})
    assert (outside.verdict, outside.exit_code) == ("differs", 1) and "nll_nats = 5.97" in outside.reason


def test_scores_by_number_of_observations():
    details = {"30": {"oracle": {"rmse": over_seeds([9.0])}, "latent_ode": {"rmse": over_seeds([1.0, 1.1, 1.2])}}}
    assert judge("trajectory", "latent_ode", details, {"30": {"rmse": 1.15}}).verdict == "agrees"
    found = judge("trajectory", "latent_ode", details, {"30": {"rmse": 9.0}})
    assert found.verdict == "differs" and "30.rmse = 9" in found.reason


def test_what_has_no_spread_decides_nothing():
    counts = {"cnf": {"nfe": over_seeds([98.0, 98.0, 98.0]), "nll_nats": over_seeds([0.3])}}
    with pytest.raises(UserError, match=r"and reports/details/density\.json has no spread over seeds to compare with$"):
        judge("density", "cnf", counts, {"nfe": 104, "nll_nats": 0.4})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("seeds: [1]\ndensity: {models: {cnf: {hidden_size: 3}}}", "seeds has no 0, of which the weights of .* are; add it"),
        (
            "seeds: [0]\ndensity: {models: {cnf: {hidden_size: 4}}}",
            r"trained with .*hidden_size = 3; params\.yaml says 4",
        ),
    ],
)
def test_what_params_yaml_does_not_ask_for_is_not_trained(tmp_path, parameters, message):
    published, stage = tmp_path / "reports/models/density", "density-train@cnf-0"
    published.mkdir(parents=True)
    (published / "model.safetensors").write_bytes(b"")
    asked = {"density.models.cnf": {"hidden_size": 3}}
    Record(stage, {stage: Inputs({"model": "cnf", "seed": 0}, asked, {})}).write(published)
    (tmp_path / "params.yaml").write_text(parameters)
    with pytest.raises(UserError, match=message):
        retrain(tmp_path, "density")


@pytest.mark.parametrize(
    ("claim", "message"), [("densty", "no such claim; known"), ("density", r"model\.safetensors: missing; .*git checkout")]
)
def test_what_cannot_be_retrained(tmp_path, claim, message):
    with pytest.raises(UserError, match=message):
        retrain(tmp_path, claim)


def test_the_level_is_divided_by_the_number_of_scores():
    """5 % over two scores; Student's t of two degrees of freedom at 0.9875 is 6.2053, at 0.975 it is 4.3027."""
    three = over_seeds([0.0, 1.0, 2.0])
    half = 6.2053 * math.sqrt(4 / 3)
    inside = judge("density", "cnf", {"cnf": {"nll": three, "gap": three}}, {"nll": 1 + 0.999 * half, "gap": 1 - 0.999 * half})
    assert inside.reason == (
        "density: the bytes differ (another kind of machine, versions or code); all 2 scores lie within the spread over seeds"
    )
    outside = judge("density", "cnf", {"cnf": {"nll": three, "gap": three}}, {"nll": 1 + 1.001 * half, "gap": 1 - 1.001 * half})
    assert outside.reason == (
        "density: the bytes differ (another kind of machine, versions or code), and seeds do not explain "
        "nll = 8.1724, committed 1 ± 7.2, gap = -6.1724, committed 1 ± 7.2"
    )


def test_more_seeds_know_better():
    """Of five: t of four degrees of freedom, 2.77645, times s = √2.5, times √(1 + 1/5)."""
    details, half = {"cnf": {"nll": over_seeds([0.0, 1.0, 2.0, 3.0, 4.0])}}, 2.77645 * math.sqrt(2.5 * 6 / 5)
    assert judge("density", "cnf", details, {"nll": 2 - 0.999 * half}).verdict == "agrees"
    assert judge("density", "cnf", details, {"nll": 2 - 1.001 * half}).verdict == "differs"


def test_only_the_models_own_scores_are_compared():
    spread = over_seeds([1.0, 1.1, 1.2])
    details = {"cnf": {"nll": spread, "gone": spread}, "nsf": {"nll": over_seeds([8.0, 9.0])}, "nll": over_seeds([5.0, 6.0])}
    assert judge("density", "cnf", details, {"nll": 1.1}).reason.endswith("; all 1 scores lie within the spread over seeds")


class Machine:
    """A clone with published weights of the seed 7, and a DVC whose trainings give others."""

    def __init__(self, folder: Path, weights: bytes, score: float):
        self.root, self.weights, self.score = folder / "clone", weights, score
        self.calls: list[tuple[str, ...]] = []
        published, stage = self.root / "reports" / "models" / "density", "density-train@cnf-7"
        published.mkdir(parents=True)
        (published / "model.safetensors").write_bytes(b"weights")
        Record(stage, {stage: Inputs({"model": "cnf", "seed": 7}, {}, {})}).write(published)
        (self.root / "params.yaml").write_text("seeds: [0, 7]\n")
        details = self.root / "reports" / "details" / "density.json"
        details.parent.mkdir()
        details.write_text(json.dumps({"cnf": {"nll": over_seeds([1.0, 1.1, 1.2])}}))
        subprocess.run(["git", "init", "--quiet", self.root], check=True)
        self.cache = folder / "cache"
        for name in ("mnist", "cifar10", "checkpoints"):
            (self.cache / name).mkdir(parents=True)
            (self.cache / name / "file").write_text(name)

    def dvc(self, target: Path, environment: dict[str, str], *arguments: str) -> None:
        self.calls.append(arguments)
        assert target != self.root and (target / "params.yaml").is_file(), "the clone itself is left alone"
        assert environment["NEURAL_ODES_TRACKING"] == "off", "a check is no run that anybody looks for"
        cache = Path(environment["NEURAL_ODES_CACHE"])
        kept = {path.relative_to(cache).as_posix() for path in cache.glob("*/*")}
        assert kept == {"mnist/file", "cifar10/file"}, "no checkpoint, or it would go on from there"
        for name, content in {
            "models/density/cnf-7/model.safetensors": self.weights,
            "evaluations/density/cnf-7/metrics.json": json.dumps({"nll": self.score}).encode(),
        }.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(content)


DATA, TRAINING = ("repro", "density-data"), ("repro", "--force", "--single-item", "density-train@cnf-7")
EVALUATION = ("repro", "density-evaluate@cnf-7")


@pytest.mark.parametrize(
    ("weights", "score", "verdict", "reason", "calls"),
    [
        (b"weights", 9.0, "identical", "the weights of reports/models/density came out byte for byte", [DATA, TRAINING]),
        (b"others!", 1.15, "agrees", "all 1 scores lie within the spread over seeds", [DATA, TRAINING, EVALUATION]),
        (b"others!", 9.0, "differs", "seeds do not explain nll = 9, committed 1.1 ± 0.5", [DATA, TRAINING, EVALUATION]),
    ],
)
def test_bytes_decide_and_scores_where_they_cannot(tmp_path, monkeypatch, weights, score, verdict, reason, calls):
    """t of two degrees of freedom, 4.3027, times s = 0.1, times √(4/3) is 0.497."""
    machine = Machine(tmp_path, weights, score)
    monkeypatch.setattr(call, "dvc", machine.dvc)
    monkeypatch.setenv("NEURAL_ODES_CACHE", str(machine.cache))
    found: Any = retrain(machine.root, "density")
    assert (found.verdict, found.exit_code, machine.calls) == (verdict, int(verdict == "differs"), calls)
    assert found.reason.startswith("density: ") and found.reason.endswith(reason)
