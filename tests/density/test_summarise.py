"""What the claim's summary writes, and what of it each figure shows."""

import invented_density
import numpy as np
import pytest

from neural_odes.density.figures import density_training, moons_animation, moons_density, moons_flow, report_moons
from neural_odes.density.moons import TwoMoons
from neural_odes.density.summarise import summarise
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.record import Record


@pytest.fixture(scope="module")
def summarised(tmp_path_factory):
    root = invented_density.clone(tmp_path_factory.mktemp("density") / "clone")
    invented_density.claim(root)
    invented_density.summarise(root, "density", summarise)
    return root


def test_headline_details_and_curves(summarised):
    headlines = read_json(summarised / "reports/metrics/density.json")
    # Student's t of two degrees of freedom, 4.303, times 0.001 / √3.
    assert headlines["moons"] == pytest.approx({"nll": 0.302, "gap": 0.002, "gap_ci95": 0.002484, "entropy": 0.3}, rel=1e-3)
    assert headlines["report_moons"] == pytest.approx({"nll": 0.32, "gap": 0.02, "gap_ci95": 0.02484, "entropy": 0.3}, rel=1e-3)
    details = read_json(summarised / "reports/details/density.json")
    assert details.keys() == {"entropy_nats", "cnf", "report_moons"}
    report = details["report_moons"]
    assert report["cnf"]["gap_nats"]["values"] == pytest.approx([0.01, 0.02, 0.03])
    assert (report["steps"], report["entropy_nats"], report["cnf"]["parameters"]) == (1000, 0.3, 100)
    assert details["cnf"]["gap_nats"]["values"] == [0.001, 0.002, 0.003] and details["cnf"]["steps"] == 2500
    assert details["cnf"]["nfe"]["mean"] == 26 and details["cnf"]["parameters"] == 100
    curves = (summarised / "reports/curves/density/curves.csv").read_text().splitlines()
    assert curves[0] == "step,model,seed,metric,value" and len(curves) == 1 + 3 * 5


def test_one_seed_has_no_interval(tmp_path):
    root = invented_density.clone(tmp_path / "clone")
    invented_density.seeds(root, [0])
    invented_density.claim(root, gaps=(0.001,))
    invented_density.summarise(root, "density", summarise)
    assert read_json(root / "reports/metrics/density.json")["moons"]["gap_ci95"] is None


def test_each_figure_records_what_it_shows_and_no_more(summarised):
    source = summarised / "reports" / "source"
    flow = Record.read(source / "moons-flow")
    assert flow.own.data.keys() == {"evaluations/density/cnf-0"} and flow.own.parameters.keys() == {"density.data.scale"}
    animation = Record.read(source / "moons-animation")
    assert animation.own.parameters.keys() == {"density.data.scale", "density.animation.frames"}
    training = Record.read(source / "density-training")
    assert training.own.data.keys() == {"data/density", *(f"models/density/cnf-{seed}" for seed in range(3))}
    assert training.own.parameters.keys() == {"seeds"}
    assert not [name for name in training.stages if name.startswith("density-evaluate")]
    density = Record.read(source / "moons-density")
    assert density.own.parameters.keys() == {"seeds", "density.data"}
    assert not [name for name in density.own.data if name.startswith("models/")]
    report = Record.read(source / "report-moons")
    assert report.own.data.keys() == {f"evaluations/density/cnf-report-{seed}" for seed in range(3)}
    assert report.own.parameters.keys() == {"seeds"} and "density-refit@cnf-report-0" in report.stages


def test_sources_are_what_was_evaluated(summarised):
    """In half precision: to three digits."""
    evaluation = summarised / "evaluations/density/cnf-0"
    with np.load(evaluation / "density.npz") as grid, np.load(summarised / "reports/source/moons-density/density.npz") as shown:
        np.testing.assert_allclose(shown["model"], np.exp(grid["log_q"]), rtol=1e-3)
        cells = np.stack(np.meshgrid(grid["x"], grid["y"]), -1).reshape(-1, 2)
        exact = np.exp(TwoMoons(0.05).log_prob(cells)).reshape(15, 20)
        np.testing.assert_allclose(shown["exact"], exact, rtol=1e-3, atol=1e-6)
    with np.load(evaluation / "flow.npz") as flow, np.load(summarised / "reports/source/moons-flow/flow.npz") as shown:
        assert shown["times"].tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
        for name in ("forward", "back", "log_density"):
            np.testing.assert_allclose(shown[name], flow[name][::2], rtol=1e-3, atol=1e-6)


def test_frames_lie_between_the_times_of_the_evaluation(summarised):
    """Of 11 times and 41 frames each fourth is one of them, and the second after it lies half way to the next."""
    evaluation = summarised / "evaluations/density/cnf-0"
    with np.load(evaluation / "flow.npz") as flow, np.load(summarised / "reports/source/moons-animation/flow.npz") as shown:
        assert shown["times"].tolist() == pytest.approx([frame / 40 for frame in range(41)])
        for name in ("forward", "log_density"):
            np.testing.assert_allclose(shown[name][::4], flow[name], rtol=1e-3, atol=1e-6)
            np.testing.assert_allclose(shown[name][2::4], (flow[name][1:] + flow[name][:-1]) / 2, rtol=2e-3, atol=1e-3)


def test_figures_are_drawn_from_their_sources(summarised):
    source = summarised / "reports" / "source"
    drawn = moons_density.draw(source / "moons-density")
    assert drawn.get_suptitle() == "Two moons: mean gap to the exact entropy 0.0020 nats"
    assert [ax.get_title() for ax in drawn.axes[:3]] == ["Test points (50 shown)", "Model density (seed 0)", "Exact density"]
    titles = [ax.get_title() for ax in moons_flow.draw(source / "moons-flow").axes[:6]]
    assert titles == [f"t = {time:.2f} T" for time in (0, 0.2, 0.4, 0.6, 0.8, 1)]
    labels = [text.get_text() for text in density_training.draw(source / "density-training").axes[0].get_legend().get_texts()]
    assert labels == ["training loss", "validation", "exact entropy 0.300"]


def test_the_report_s_numbers_stand_beside_the_flow_on_its_data(summarised):
    drawn = report_moons.draw(summarised / "reports/source/report-moons")
    assert drawn.get_suptitle() == "The student report's moons: mean NLL 0.320 nats on the test points"
    density, nll = drawn.axes[:2]
    assert density.get_title() == "Model density (seed 0)"
    assert [text.get_text() for text in nll.get_legend().get_texts()] == [
        "printed: 3.1",
        "log of its code at step 5,000: 2.38 to 2.42",
        "ours, validation points",
        "exact entropy 0.300",
    ]
    assert nll.get_ylim()[0] < 0.3 and nll.get_ylim()[1] > 3.1


def test_the_animation_rests_at_its_ends(summarised):
    frames = moons_animation.frames(summarised / "reports/source/moons-animation")
    images, milliseconds = zip(*frames, strict=True)
    assert milliseconds == (800, *[80] * 39, 800)
    assert {image.shape for image in images} == {(420, 400, 3)} and not (images[0] == images[1]).all()
