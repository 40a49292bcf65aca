"""The study's summary of invented evaluations, and its figure."""

import json

import invented_spirals
import pandas as pd
import pytest

from neural_odes import params
from neural_odes.pipeline.record import Record
from neural_odes.pipeline.stage import Stage
from studies.trajectory_baselines.figures import baselines_error
from studies.trajectory_baselines.summarise import summarise


@pytest.fixture(scope="module")
def results(root, tmp_path_factory):
    study = invented_spirals.clone(root, tmp_path_factory.mktemp("clone") / "clone") / "studies" / "trajectory_baselines"
    with Stage("python ../../stages/summarise.py trajectory_baselines", study) as stage:
        summarise(stage)
        stage.finish()
    return study / "results"


def test_metrics_hold_these_models_beside_the_claims_and_the_oracle(results):
    found = json.loads((results / "metrics.json").read_text())
    assert set(found["30"]) == {*invented_spirals.ERRORS, "oracle"}
    assert found["30"]["gru"]["rmse_interpolation"]["values"] == pytest.approx([0.08, 0.09, 0.1])
    assert found["30"]["latent_ode"]["rmse_extrapolation"]["mean"] == pytest.approx(0.14)
    assert set(found["models"]) == set(invented_spirals.ERRORS) and found["models"]["gru"]["parameters"] == 7


def test_each_model_has_its_own_number_of_updates(root, results):
    models = json.loads((results / "metrics.json").read_text())["models"]
    declared = params.load(root)["trajectory"]
    for model, about in models.items():
        own = declared["models"][model].get("train", declared["train"])
        assert about["steps"] == own["steps"], model


def test_curves_are_those_of_its_own_trainings(results):
    assert set(pd.read_csv(results / "curves.csv")["model"]) == set(invented_spirals.ERRORS) - {"latent_ode"}


def test_the_figure_shows_every_model_and_knows_what_it_is_made_from(results):
    source = results / "source" / "baselines-error"
    drawn = baselines_error.draw(source)
    inside, beyond = drawn.axes
    (legend,) = drawn.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert len(labels) == len(beyond.containers) + 3 == 8 and len(inside.containers) == len(invented_spirals.ERRORS)
    data = set(Record.read(source).own.data)
    assert {"studies/trajectory_baselines/evaluations/gru-0", "evaluations/trajectory/oracle"} <= data
    assert not any("/models/" in name for name in data)
