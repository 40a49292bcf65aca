"""What an evaluation buys: the price of a path against autograd, the front, and the setting that is recommended."""

import invented_density
import numpy as np
import pytest
import torch

from neural_odes.density.moons import TwoMoons
from neural_odes.density.params import CnfParams, TrainParams
from neural_odes.density.train import MaximumLikelihood
from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.solvers.solve import Adaptive, Fixed
from studies.regularisation.figures import density_tradeoff
from studies.regularisation.figures.density_tradeoff import pareto
from studies.regularisation.summarise import summarise
from studies.regularisation.tradeoff import PricedCnf


@pytest.mark.parametrize("price", ["kinetic", "jacobian"])
def test_price_of_a_path_against_autograd(price):
    torch.manual_seed(0)
    priced, t = PricedCnf(CnfParams(hidden_size=6, end_time=1.0), price, 0.1), torch.tensor(0.3)
    x = torch.randn(4, 2)
    rate = priced.field(t, torch.cat([x, torch.zeros(4, 2)], 1))
    for point, row in zip(x, rate, strict=True):
        jacobian = torch.autograd.functional.jacobian(
            lambda z: priced.field(t, torch.cat([z, z.new_zeros(2)])[None])[0, :2], point
        )
        expected = row[:2].square().sum() if price == "kinetic" else jacobian.square().sum()
        torch.testing.assert_close(row[3], expected)
    assert priced.flow(x, torch.zeros(4), torch.tensor([1.0, 0.0]), Fixed.uniform("rk4", 1.0, 0.0, 2)).y.shape == (2, 4, 4)


def test_the_price_of_a_path_enters_the_loss():
    torch.set_default_dtype(torch.float32)
    params = TrainParams(
        optimizer="soap", learning_rate=0.01, steps=40, batch_size=64, warmup_steps=4, decay=True, clip_norm=5.0,
        steps_from="adaptive", tolerance=1e-6, refresh_every=5, validate_every=10,
    )  # fmt: skip
    points = torch.tensor(TwoMoons(0.1).sample(400, np.random.default_rng(0)), dtype=torch.float32)
    torch.manual_seed(0)
    priced = PricedCnf(CnfParams(hidden_size=8, end_time=1.0), "kinetic", 0.5)
    task = MaximumLikelihood(priced, params, points[:300], points[300:], torch.Generator().manual_seed(1))
    x = points[torch.randint(300, (64,), generator=torch.Generator().manual_seed(1))]
    log_q, back = priced.score(x, Adaptive(1e-6, 1e-6))
    expected = (-log_q.mean() + 0.5 * back.y[-1, :, 3].abs().mean()).detach()
    torch.testing.assert_close(task.step(0)["loss"], expected)
    assert expected > -log_q.mean().detach()


def test_the_front_is_what_nothing_beats():
    assert pareto([(4, 1.0), (1, 9.0), (2, 3.0), (3, 3.0), (2, 5.0), (8, 1.0)]) == [(1, 9.0), (2, 3.0), (4, 1.0)]


def test_what_is_summarised_recommended_and_drawn(tmp_path):
    """Of errors 0.0110, 0.0108 and 0.0100, at 20, 30 and 80 evaluations, the first is within a tenth of the smallest; so is
    none of another regularisation."""
    root = invented_density.clone(tmp_path / "clone", "regularisation")
    folder = root / "studies/regularisation"
    for price, gap in (("none", 0.009), ("kinetic", 0.02), ("jacobian", 0.03)):
        for seed in range(3):
            out = folder / f"evaluations/{price}-{seed}"
            invented_density.record(out, f"density-tradeoff@{price}-{seed}", density__tradeoff={"points": 5})
            rows = [
                {"method": "rk4", "steps": 4, "nfe": 20, "solver_error_nats": 0.00199, "round_trip_error": 1e-4},
                {"method": "dopri5", "tolerance": 1e-3, "nfe": 30, "solver_error_nats": 0.0018, "round_trip_error": 1e-4},
                {"method": "dopri5", "tolerance": 1e-5, "nfe": 80, "solver_error_nats": 0.001, "round_trip_error": 1e-4},
            ]
            write_json(out / "metrics.json", {"gap_nats": gap, "solvers": rows})
    invented_density.summarise(root, "regularisation", summarise)
    metrics = read_json(folder / "results/metrics.json")
    best = metrics["recommended"]
    assert (best["price"], best["method"], best["steps"], best["nfe"]["mean"]) == ("none", "rk4", 4, 20)
    assert metrics["kinetic"]["gap_nats"]["values"] == [0.02] * 3
    assert metrics["none"]["solvers"][2]["error_nats"]["mean"] == pytest.approx(0.01)
    drawn = density_tradeoff.draw(folder / "results/source/density-tradeoff")
    assert [ax.get_title() for ax in drawn.axes] == ["not regularised", "kinetic energy", "Jacobian"]
    labels = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert labels == ["rk4", "dopri5", "front of all three", "recommended"]
