"""The claim's summary of invented evaluations, and the figures that are drawn from it alone."""

import importlib
import json

import invented_spirals
import numpy as np
import pandas as pd
import pytest

from neural_odes.pipeline.record import Record
from neural_odes.pipeline.stage import Stage
from neural_odes.trajectory.summarise import summarise
from neural_odes.trajectory.table2 import beside_published

FIGURES = ("spirals", "trajectory-error", "trajectory-training", "trajectory-calibration", "trajectory-latent")


@pytest.fixture(scope="module")
def clone(root, tmp_path_factory):
    folder = invented_spirals.clone(root, tmp_path_factory.mktemp("clone") / "clone")
    with Stage("python stages/summarise.py trajectory", folder) as stage:
        summarise(stage)
        stage.finish()
    return folder


def read(path):
    return json.loads(path.read_text())


def test_headline_numbers_are_errors_and_multiples_of_the_oracles(clone):
    found = read(clone / "reports/metrics/trajectory.json")
    assert list(found) == ["K100", "K30", "K50"]
    for row in found.values():
        assert row["rmse_in"] == pytest.approx(0.07) and row["rmse_beyond"] == pytest.approx(0.14)
        assert row["x_oracle_in"] == row["x_oracle_beyond"] == pytest.approx(1.4)


def test_details_are_values_over_seeds(clone):
    found = read(clone / "reports/details/trajectory.json")
    assert set(found) == {"30", "50", "100", "noise_std", "models"} and set(found["30"]) == {"latent_ode", "oracle"}
    assert found["30"]["latent_ode"]["rmse_interpolation"]["values"] == pytest.approx([0.06, 0.07, 0.08])
    assert found["noise_std"] == 0.3 and found["models"]["latent_ode"]["parameters"] == 7


def test_sources_of_figures_are_small_and_name_what_they_are_made_from(clone):
    folders = {name: clone / "reports/source" / name for name in FIGURES}
    assert sum(f.stat().st_size for folder in folders.values() for f in folder.iterdir()) < 1_000_000
    data = {name: set(Record.read(folder).own.data) for name, folder in folders.items()}
    assert data["spirals"] == {"data/trajectory", "evaluations/trajectory/latent_ode-0"}
    assert data["trajectory-latent"] == {"evaluations/trajectory/latent_ode-0"}
    assert data["trajectory-training"] == {f"models/trajectory/latent_ode-{seed}" for seed in invented_spirals.SEEDS}
    assert "evaluations/trajectory/oracle" in data["trajectory-error"]
    assert "trajectory.data.noise_std" in Record.read(folders["spirals"]).parameters  # of what made the data
    assert "trajectory.evaluate.samples" not in Record.read(folders["trajectory-training"]).parameters


def test_principal_components_of_the_latent_paths(clone):
    """By hand: the covariance's eigenvectors, the largest entry of each positive."""
    with np.load(clone / "evaluations/trajectory/latent_ode-0/latent.npz") as made:
        points = made["path"].reshape(-1, invented_spirals.LATENT).astype(float)
    points -= points.mean(0)
    variances, vectors = np.linalg.eigh(points.T @ points)
    vectors = vectors[:, ::-1][:, :2]
    vectors *= np.sign(vectors[np.abs(vectors).argmax(0), [0, 1]])
    with np.load(clone / "reports/source/trajectory-latent/latent.npz") as found:
        np.testing.assert_allclose(found["components"].reshape(-1, 2), points @ vectors, rtol=1e-3, atol=1e-2)
        assert found["share_pct"] == pytest.approx(100 * variances[-2:].sum() / variances.sum(), abs=0.06)
        assert set(found["direction"]) == {"counterclockwise", "clockwise"}
        np.testing.assert_array_equal(found["start"], np.arange(6))


def test_the_error_figure_shows_the_claims_models_beside_table_2(clone):
    table = beside_published(pd.read_csv(clone / "reports/source/trajectory-error/errors.csv"))
    ours = table[(table["source"] == "ours") & (table["observations"] == 50)].set_index(["model", "where"])
    assert set(ours.index.get_level_values("model")) == {"latent_ode", "oracle"}
    # t(0.975, 2) = 4.3027; standard deviation 0.01
    assert ours.loc[("latent_ode", "interpolation"), "ci95"] == pytest.approx(4.3027 * 0.01 / 3**0.5, rel=1e-4)
    assert np.isnan(ours.loc[("oracle", "interpolation"), "ci95"])
    published = table[(table["source"] == "published") & (table["observations"] == 30)].set_index("model")["rmse"]
    assert published.to_dict() == {"rnn": 0.3937, "latent_ode": 0.1642}


@pytest.mark.parametrize(
    ("figure", "axes"),
    [
        ("spirals", 6),
        ("trajectory-error", 2),
        ("trajectory-training", 1),
        ("trajectory-calibration", 2),
        ("trajectory-latent", 3),
    ],
)
def test_a_figure_is_drawn_from_its_source_alone(clone, tmp_path, figure, axes):
    module = importlib.import_module(f"neural_odes.trajectory.figures.{figure.replace('-', '_')}")
    (tmp_path / "source").symlink_to(clone / "reports/source" / figure)
    assert len(module.draw(tmp_path / "source").axes) == axes


def test_the_training_figure_has_a_line_a_seed_and_place(clone):
    from neural_odes.trajectory.figures import trajectory_training

    (ax,) = trajectory_training.draw(clone / "reports/source/trajectory-training").axes
    assert len(ax.lines) == 6
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "validation, beyond the window",
        "validation, in the window",
    ]
