"""What evaluations over seeds come to, by hand."""

import json

import pandas as pd
import pytest

from neural_odes.classification import results
from neural_odes.classification.figures import classification_training, mnist_error
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries.statistics import over_seeds

PARAMS = """
seeds: [0, 3]
classification: {train: {epochs: 5}, data: {test_size: 10000}}
"""
PIPELINE = """
stages:
  gather:
    cmd: python gather.py
    params: [seeds, classification.train.epochs, classification.data.test_size]
    deps: [evaluated]
"""


def test_scores_are_values_over_seeds_and_none_where_a_model_has_no_such_number(tmp_path):
    for seed, error in ((0, 0.4), (3, 0.5)):
        folder = tmp_path / "evaluated" / f"mlp-{seed}"
        folder.mkdir(parents=True)
        write_json(
            folder / "metrics.json",
            {"error_pct": error, "error_tight_pct": error, "saved_bytes_per_image": 1200.0, "parameters": 7},
        )
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    found = results.scores(Stage("python gather.py", tmp_path), "evaluated", "mlp")
    assert found["error_pct"]["values"] == [0.4, 0.5] and found["accuracy_pct"]["mean"] == pytest.approx(99.55)
    assert found["binomial_standard_error_pct"] == pytest.approx(0.0669, abs=5e-5)  # 100 √(0.0045 · 0.9955 / 10000)
    assert found["nfe_forward"] is None and found["parameters"] == 7 and found["epochs"] == 5


@pytest.fixture
def scores():
    found = {"binomial_standard_error_pct": 0.06, "parameters": 208_266, "epochs": 5, "error_pct": over_seeds([0.3, 0.4])}
    return {"odenet": found, "stem": found | {"parameters": 132_874}}


def test_errors_are_written_with_both_intervals_and_every_seed(scores, tmp_path):
    results.write_errors(tmp_path, "mnist", scores)
    told = json.loads((tmp_path / "errors.json").read_text())
    assert told["dataset"] == "mnist" and told["ours"]["odenet"]["binomial"] == pytest.approx(1.96 * 0.06)
    # t(0.975, 1) = 12.706; standard deviation 0.1 / √2, divided by √2
    assert told["ours"]["stem"]["over_seeds"] == pytest.approx(12.706 * 0.05, abs=1e-4)
    assert told["ours"]["stem"]["seeds"] == [0.3, 0.4]


def test_each_model_has_a_row_with_its_seeds_its_mean_and_the_published_value(scores, tmp_path):
    scores["rknet"] = scores["odenet"]  # of the same size: they would lie on one spot
    results.write_errors(tmp_path, "mnist", scores)
    (ax,) = mnist_error.draw(tmp_path).axes
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert labels == [
        "ODE-Net\n208,266 parameters\n(published: 220,000)",
        "RK-Net\n208,266 parameters\n(published: 220,000)",
        "stem alone\n132,874 parameters",
    ]

    def drawn(row: int) -> list[list[float]]:
        """What stands in a row, from above: points of one height."""
        points: dict[float, list[float]] = {}
        for line in ax.lines:
            for x, y in zip(*line.get_data(), strict=True):
                if line.get_marker() in "osvD^P" and abs(y - row) < 0.5:
                    points.setdefault(y, []).append(x)
        return [points[y] for y in sorted(points)]

    assert drawn(0) == [[0.3, 0.4], [pytest.approx(0.35)], [0.42]] and drawn(1)[-1] == [0.47]
    assert drawn(2) == [[0.3, 0.4], [pytest.approx(0.35)]]


def test_no_error_on_another_data_set_stands_beside_a_published_one(scores, tmp_path):
    results.write_errors(tmp_path, "cifar10", scores)
    (ax,) = mnist_error.draw(tmp_path).axes
    assert not any("published" in tick.get_text() for tick in ax.get_yticklabels())
    assert not any("Table 1" in text.get_text() for text in ax.get_legend().get_texts())


def test_one_seed_has_no_interval(scores, tmp_path):
    scores["odenet"] = scores["odenet"] | {"error_pct": over_seeds([0.3])}
    results.write_errors(tmp_path, "mnist", scores)
    assert json.loads((tmp_path / "errors.json").read_text())["ours"]["odenet"]["over_seeds"] is None
    mnist_error.draw(tmp_path)


def test_the_curves_of_a_figure_are_those_that_it_shows(tmp_path):
    rows = [(step, metric, 1.0 / step) for step in (10, 20) for metric in ("loss", "validation_error_pct", "nfe")]
    history = pd.DataFrame(rows, columns=["step", "metric", "value"])
    results.write_training(tmp_path, {("odenet", 0): history, ("resnet", 0): history})
    assert set(pd.read_csv(tmp_path / "curves.csv")["metric"]) == {"loss", "validation_error_pct"}
    texts = classification_training.draw(tmp_path).axes[1].get_legend().get_texts()
    assert [text.get_text() for text in texts] == ["ODE-Net", "ResNet (6 blocks)"]
