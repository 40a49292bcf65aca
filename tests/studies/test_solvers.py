"""A block under other solvers: the error measured against a finer solve, and the figures of made-up numbers."""

import pandas as pd
import pytest
import torch

from neural_odes.classification.datasets import MNIST
from neural_odes.classification.models.rknet import Rknet
from neural_odes.classification.params import RknetParams
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.models import seeded
from neural_odes.solvers.solve import Adaptive, Fixed
from studies.solvers.figures import mnist_nfe, mnist_solvers
from studies.solvers.solvers import _row


def test_numerical_error_falls_with_the_order_of_the_method():
    net = seeded(0, lambda: Rknet(RknetParams(solver_steps=1), MNIST))
    with torch.no_grad():
        h = net.stem(torch.randn(4, 1, 28, 28, generator=torch.Generator().manual_seed(0)))
        exact = net.flow(h, Adaptive(1e-6, 1e-6))[0]
        labels = net.head(exact).argmax(1)
        rows = {
            method: _row(net, h, exact, labels, Fixed.uniform(method, 0.0, 1.0, 8)) for method in ("euler", "midpoint", "rk4")
        }
        end = net.flow(h, Fixed.uniform("euler", 0.0, 1.0, 8))[0]
    assert [row["nfe"] for row in rows.values()] == [8, 16, 32]
    assert rows["euler"]["numerical_error"] > 3 * rows["midpoint"]["numerical_error"] > 3 * rows["rk4"]["numerical_error"]
    assert rows["euler"]["numerical_error"] == pytest.approx(float((end - exact).norm() / exact.norm()))
    assert rows["rk4"]["error_pct"] == 0.0


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
        for method in ("euler", "midpoint", "rk4", "dopri5")
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
    adjoint = [{"tolerance": 10.0**-n, "nfe_forward": 10.0 * n, "nfe_backward": 12.0 * n} for n in (1, 2)]
    write_json(tmp_path / "nfe.json", {"batch": 128, "timed": timed, "adjoint": adjoint})
    training = [(model, 0, step, 20.0) for model in ("odenet", "rknet") for step in (5, 10)]
    pd.DataFrame(training, columns=["model", "seed", "step", "nfe"]).to_csv(tmp_path / "training.csv", index=False)
    time, _, curves = mnist_nfe.draw(tmp_path).axes
    assert "dopri5: 3.0 ms an evaluation (r² = 1.000)" in [text.get_text() for text in time.get_legend().get_texts()]
    assert curves.get_lines()[0].get_xdata().tolist() == [1.0, 2.0]
