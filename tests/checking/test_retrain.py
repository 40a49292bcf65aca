"""A published model trained again: the spread over seeds decides where bytes cannot."""

import math

import pytest

from neural_odes.checking.retrain import judge, retrain
from neural_odes.errors import UserError
from neural_odes.pipeline.record import Inputs, Record
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
    with pytest.raises(UserError, match="no spread over seeds to compare with"):
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
