"""The trained models under other solvers: rows against closed forms and other ways to a number, figures of made-up ones."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.linalg import expm_frechet
from torch import nn

from neural_odes.classification.datasets import MNIST
from neural_odes.classification.models.rknet import Rknet
from neural_odes.classification.params import RknetParams
from neural_odes.density.models.cnf import Cnf
from neural_odes.density.params import CnfParams
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.models import seeded
from neural_odes.solvers.solve import Adaptive, Fixed
from neural_odes.trajectory import inference, scores, spirals
from neural_odes.trajectory.latent import fixed
from neural_odes.trajectory.models.latent_ode import LatentOde
from neural_odes.trajectory.params import LatentParams
from studies.solvers import adjoint, classification, density, trajectory
from studies.solvers.figures import mnist_nfe, mnist_solvers, round_trip
from studies.solvers.params import DensityParams
from studies.solvers.summarise import _changed
from studies.solvers.tried import tried

METHODS = ("euler", "midpoint", "rk4", "dopri5")


class Linear(nn.Module):
    """dy/dt = A y."""

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.tensor([[0.4, -1.1], [0.9, -0.2]]))

    def forward(self, t, y):
        return y @ self.a.T


H = torch.tensor([[1.0, 0.5], [-0.3, 2.0]], dtype=torch.float64)
WEIGHTS = torch.tensor([[1.0, -2.0], [0.5, 1.0]], dtype=torch.float64)


def loss(end):
    return (WEIGHTS * end).sum()


@pytest.fixture
def exact():
    """y(1) = e^A y(0), so that dL/dA_ij = Σ wᵀ D(A, E_ij) y(0), with the Fréchet derivative D of the exponential (SciPy)."""
    a, gradient = Linear().a.detach().numpy(), np.zeros((2, 2))
    for place in np.ndindex(2, 2):
        direction = np.zeros((2, 2))
        direction[place] = 1
        change = expm_frechet(a, direction, compute_expm=False)
        gradient[place] = (WEIGHTS.numpy() * (H.numpy() @ change.T)).sum()
    return torch.tensor(gradient.ravel())


def test_gradients_of_a_linear_field_against_the_derivative_of_the_exponential(exact):
    rows = [adjoint.row(Linear(), H, loss, tolerance, exact) for tolerance in (1e-3, 1e-9)]
    keys = [f"gradient_error{way}" for way in ("", "_seminorm", "_backpropagation")]
    assert all(rows[1][key] < 1e-7 < rows[0][key] < 1e-1 for key in keys)
    assert rows[1]["nfe_forward"] > rows[0]["nfe_forward"] > 0
    assert all(0 < row["nfe_backward_seminorm"] <= row["nfe_backward"] for row in rows)
    assert all(0 < row["nfe_backward_state"] <= row["nfe_backward"] for row in rows)


def test_the_error_of_a_gradient_is_relative(exact):
    found, _ = adjoint.gradient(Linear(), H, loss, Adaptive(1e-10, 1e-10))
    row = adjoint.row(Linear(), H, loss, 1e-10, 2 * exact)
    torch.testing.assert_close(found, exact, rtol=1e-7, atol=0)
    assert row["gradient_error_backpropagation"] == pytest.approx(0.5, rel=1e-6)


def test_every_solver_is_tried_from_start_to_end():
    params = DensityParams(steps=[1, 4], tolerances=[0.1], reference=1e-6, points=1)
    found = tried(params, 1.0, 0.0)
    assert [(said["method"], said.get("steps")) for said, _ in found] == [
        *((method, steps) for method in METHODS[:3] for steps in (1, 4)),
        ("dopri5", None),
    ]
    assert all(solver.nodes[0] == 1.0 and solver.nodes[-1] == 0.0 for _, solver in found if isinstance(solver, Fixed))


def test_numerical_error_falls_with_the_order_of_the_method():
    net = seeded(0, lambda: Rknet(RknetParams(solver_steps=1), MNIST))
    with torch.no_grad():
        h = net.stem(torch.randn(10, 1, 28, 28, generator=torch.Generator().manual_seed(0)))
        exact = net.flow(h, Adaptive(1e-6, 1e-6))[0]
        labels = net.head(exact).argmax(1)
        rows = {method: classification._row(net, h, exact, labels, Fixed.uniform(method, 0.0, 1.0, 8)) for method in METHODS[:3]}
        end = net.flow(h, Fixed.uniform("euler", 0.0, 1.0, 8))[0]
    assert [row["nfe"] for row in rows.values()] == [8, 16, 32]
    for key in ("numerical_error", "round_trip_error"):
        assert rows["euler"][key] > 3 * rows["midpoint"][key] > 3 * rows["rk4"][key]
    assert rows["euler"]["numerical_error"] == pytest.approx(float((end - exact).norm() / exact.norm()))
    assert rows["rk4"]["error_pct"] == 0.0


def test_the_exact_gradient_of_parts_is_that_of_the_batch(monkeypatch):
    """The mean loss of the whole, whatever the parts; and the network is in single precision as before. (Tanh has no kinks.)"""
    torch.set_default_dtype(torch.float32)
    monkeypatch.setattr(torch, "relu_", torch.tanh)
    net = seeded(0, lambda: Rknet(RknetParams(solver_steps=1), MNIST))
    h, labels = torch.randn(5, 64, 3, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([3, 1, 4, 1, 5])
    section = {"steps": [1], "tolerances": [1e-5], "reference": 1e-6, "gradient_reference": 1e-6, "images": 10}
    found = []
    for part in (2, 5):
        monkeypatch.setattr(classification, "_PART", part)
        found += classification._gradients(net, h, labels, classification.ClassificationParams(**section))
    assert next(net.parameters()).dtype == torch.float32
    assert all(row["gradient_error_backpropagation"] < 1e-2 for row in found)
    assert found[0]["gradient_error"] == pytest.approx(found[1]["gradient_error"], rel=1e-2)


def test_a_row_of_the_flow():
    net = seeded(0, lambda: Cnf(CnfParams(hidden_size=8, end_time=1.0)))
    x = torch.randn(20, 2, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        coarse, fine = (density._row(net, x, Fixed.uniform("rk4", 1.0, 0.0, steps)) for steps in (1, 8))
        log_q = net.log_q(x, Adaptive(1e-9, 1e-9))
    assert (coarse["nfe"], fine["nfe"]) == (4, 32)
    assert fine["round_trip_error"] < coarse["round_trip_error"] / 100
    assert fine["nll_nats"] == pytest.approx(-float(log_q.mean()), abs=1e-5)


def test_a_row_of_the_latent_ode_is_scored_as_its_evaluation_is():
    sizes = LatentParams(latent_size=3, encoder_size=12, field_size=8, decoder_size=8, time_unit=100.0)
    net = seeded(0, lambda: LatentOde(sizes, 100))
    test = spirals.sample(6, window=100, starts=(0.0, 300.0), noise_std=0.3, generator=np.random.default_rng(0))
    times, x = test.first(30)
    with torch.no_grad():
        z = net.encode(torch.as_tensor(times - 100.0), torch.as_tensor(x)).mean
        row = trajectory._row(net, z, torch.as_tensor(test.truth(200)[:, 100:]), Fixed.uniform("rk4", 0.0, 0.99, 10))
    curves = inference.reconstruct(net, test, 30, steps=200, solver=fixed(0.099))
    expected = scores.errors(curves, test.truth(200), 100)["rmse_extrapolation"]
    assert row["rmse_extrapolation"] == pytest.approx(expected, rel=1e-9)
    assert row["nfe"] == 41  # and one at the end, for the states in between
    assert row["round_trip_error"] < 1e-3


def test_a_change_is_paired_and_a_round_trip_that_of_the_worst_seed():
    values = {"nfe": {"mean": 8.0}, "round_trip_error": {"values": [1e-4, 3e-2]}}
    row = _changed({"method": "rk4", "steps": 2, **values}, [0.30, 0.52], [0.20, 0.40])
    assert (row["method"], row["steps"], row["nfe"], row["round_trip_error"]) == ("rk4", 2, 8.0, 3e-2)
    assert row["change"] == pytest.approx(0.11)
    assert row["change_bar"] == pytest.approx(12.706 * 0.01, rel=1e-4)  # t(0.975, 1), standard error (0.12 − 0.10)/2


def test_figure_of_solvers(tmp_path):
    rows = [
        {
            "method": method,
            "nfe": nfe,
            "numerical_error": 1 / nfe,
            "numerical_error_bar": 0.0,
            "error_pct": 1.0,
            "error_pct_bar": 0.1,
        }
        for method in METHODS
        for nfe in (4, 8)
    ]
    write_json(tmp_path / "solvers.json", {"rows": rows, "tightest_error_pct": 1.0})
    texts = [text.get_text() for ax in mnist_solvers.draw(tmp_path).axes for text in ax.get_legend().get_texts()]
    assert sorted(texts) == ["dopri5", "euler", "midpoint", "rk4", "tightest solve"]


def test_figure_of_evaluations(tmp_path):
    timed = [
        {"method": method, "nfe": nfe, "ms": 3.0 * nfe, "ms_spread": [2.0 * nfe, 4.0 * nfe]}
        for method in ("dopri5", "rk4")
        for nfe in (4, 8, 16)
    ]
    errors = {f"gradient_error{way}": 0.1 for way in ("", "_seminorm", "_backpropagation")}
    adjoints = [
        {"tolerance": 10.0**-n, "nfe_forward": 10.0 * n, "nfe_backward": 12.0 * n, "nfe_backward_seminorm": 8.0 * n} | errors
        for n in (1, 2)
    ]
    write_json(tmp_path / "nfe.json", {"batch": 128, "timed": timed, "adjoint": adjoints})
    training = [(model, 0, step, 20.0) for model in ("odenet", "rknet") for step in (5, 10)]
    pd.DataFrame(training, columns=["model", "seed", "step", "nfe"]).to_csv(tmp_path / "training.csv", index=False)
    time, curves, counts, gradient = mnist_nfe.draw(tmp_path).axes
    assert "dopri5: 3.0 ms an evaluation (r² = 1.000)" in [text.get_text() for text in time.get_legend().get_texts()]
    assert curves.get_lines()[0].get_xdata().tolist() == [1.0, 2.0]
    lines = {line.get_label(): line.get_ydata().tolist() for line in counts.get_lines()}
    assert lines["adjoint, default norm"] == [12.0, 24.0] and lines["adjoint, seminorm"] == [8.0, 16.0]
    assert lines["Chen et al., as published: 0.5"] == [0.0, 11.0]
    assert len(gradient.get_lines()) == 3


def test_figure_of_round_trips(tmp_path):
    rows = [
        {
            "method": method,
            how: 1e-2 if how == "tolerance" else n,
            "nfe": 4.0 * n,
            "round_trip_error": 1 / n,
            "change": 0.1,
            "change_bar": 0.0,
        }
        for method in METHODS
        for how in [("tolerance" if method == "dopri5" else "steps")]
        for n in (1, 2)
    ]
    write_json(tmp_path / "round_trip.json", {"limit": 0.01, "rows": dict.fromkeys(("odenet", "cnf", "latent_ode"), rows)})
    axes = round_trip.draw(tmp_path).axes
    assert [ax.get_title() for ax in axes[:3]] == ["ODE-Net", "CNF", "latent ODE"]
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == list(METHODS)
    assert axes[0].texts[0].get_text() == "0.01"
