"""The rules of the verdicts, against cases worked out by hand."""

import math

import pytest

from neural_odes import verdicts
from neural_odes.errors import UserError
from neural_odes.metrics import binomial_standard_error, over_seeds
from neural_odes.verdicts import Measured

SAMPLING = 0.065  # points: √(0.0042 · 0.9958 / 10000) = 6.467e-4


def test_binomial_standard_error_by_hand():
    assert binomial_standard_error(0.42, 10_000) == pytest.approx(0.0647, abs=5e-5)
    assert binomial_standard_error(50.0, 100) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("ours", "published", "verdict"),
    [
        (Measured(0.42), 0.42, "reproduced"),
        # 1.96 · √(0.065² + 0.0647²) = 0.180 points either way
        (Measured(0.25), 0.42, "reproduced"),
        (Measured(0.23), 0.42, "beaten"),
        (Measured(0.59), 0.42, "reproduced"),
        (Measured(0.61), 0.42, "not reproduced"),
        (Measured(0.61, interval=0.2, n=3), 0.42, "reproduced"),  # the seeds scatter by more than the images
        (Measured(0.42 - 0.19, interval=0.01, n=3), 0.42, "beaten"),
        (Measured(60.0, interval=200.0, n=2), 0.42, "not reproduced"),  # so wide an interval covers everything and says nothing
        (Measured(0.20, interval=0.43, n=3), 0.42, "not reproduced"),
    ],
)
def test_error_rate(ours, published, verdict):
    assert verdicts.error_rate(ours, SAMPLING, published)[0] == verdict


def test_an_error_from_few_test_images_has_a_wider_uncertainty():
    assert verdicts.error_rate(Measured(1.0), binomial_standard_error(1.0, 200), 0.42)[0] == "reproduced"
    assert verdicts.error_rate(Measured(1.0), binomial_standard_error(1.0, 10_000), 0.42)[0] == "not reproduced"


@pytest.mark.parametrize(
    ("ours", "published", "verdict"),
    [
        (208_266.0, 220_000.0, "reproduced"),  # 5.3 %
        (576_778.0, 600_000.0, "reproduced"),  # 3.9 %
        (190_000.0, 220_000.0, "not reproduced"),  # 13.6 %
        (243_000.0, 220_000.0, "not reproduced"),  # 10.5 %
    ],
)
def test_size(ours, published, verdict):
    assert verdicts.size(Measured(ours), published)[0] == verdict


@pytest.mark.parametrize(("ratio", "verdict"), [(0.5, "reproduced"), (0.39, "not reproduced"), (0.61, "not reproduced")])
def test_half(ratio, verdict):
    assert verdicts.half(Measured(ratio))[0] == verdict


def test_nll_is_compared_on_the_same_data_only():
    assert verdicts.nll(Measured(0.29), 2.40, entropy=0.289, scatter=0.02)[0] == "not comparable"
    assert verdicts.nll(Measured(2.40), 2.40, entropy=2.394, scatter=0.02)[0] == "reproduced"
    assert verdicts.nll(Measured(2.37), 2.40, entropy=2.394, scatter=0.02)[0] == "beaten"
    assert verdicts.nll(Measured(2.43), 2.40, entropy=2.394, scatter=0.02)[0] == "not reproduced"
    assert verdicts.nll(Measured(2.43, interval=0.04, n=3), 2.40, entropy=2.394, scatter=0.02)[0] == "reproduced"


def test_measured_takes_the_interval_of_student():
    # three seeds: t(0.975, 2) = 4.3027; standard deviation 1, divided by √3
    three = Measured.of(over_seeds([1.0, 2.0, 3.0]))
    assert (three.mean, three.n) == (2.0, 3) and three.interval == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4)
    assert Measured.of(over_seeds([1.0])) == Measured(1.0, None, 1)
    assert Measured.of(7) == Measured(7.0, None, 0)


def test_density_gap_floor_and_the_reports_numbers():
    metrics = {
        "entropy_nats": 0.289,
        "cnf": {
            "nll_nats": over_seeds([0.290, 0.292, 0.291]),
            "gap_nats": over_seeds([0.001, 0.003, 0.002]),
            "standard_error_nats": over_seeds([0.0003] * 3),
        },
        "widths": {},
    }
    gap, printed, expected, logged = verdicts.judge("density", metrics)
    assert (gap.published_text, gap.ours_text, gap.floor_text) == ("–", "0.0020 ± 0.0025", "0 (the exact density)")
    assert {line.verdict for line in (gap, printed, expected, logged)} == {"not comparable"}
    assert (printed.published, expected.published, logged.published) == (3.1, 0.55, 2.40)
    assert "2.394" in expected.verdict_text and expected.verdict_text.startswith("not comparable because ")
    metrics["entropy_nats"] = 2.3945
    metrics["cnf"]["nll_nats"] = over_seeds([2.396, 2.397, 2.398])
    assert [line.verdict for line in verdicts.judge("density", metrics)[1:]] == ["not comparable", "not comparable", "reproduced"]


def test_a_cnf_below_planar_flows_needs_every_size():
    def study(*planar: list[float]) -> dict:
        sizes = {str(size): {"gap_nats": over_seeds(gaps)} for size, gaps in enumerate(planar)}
        return {"planar": sizes, "planar_cnf": {size: {"gap_nats": over_seeds([0.2, 0.1, 0.3])} for size in sizes}}

    # Seed by seed the differences are 0.31, 0.30, 0.29: far more certain than either mean.
    sure, unsure = [0.51, 0.40, 0.59], [0.51, 0.05, 0.35]
    word, reason = verdicts.below(verdicts.paired({"moons": study(sure)}))
    assert word == "reproduced" and reason.startswith("the smallest difference is 0.3000 ± 0.0248 nats (paired over 3 seeds)")
    assert verdicts.below(verdicts.paired({"moons": study(sure), "circles": study(sure, unsure)}))[0] == "not reproduced"


def test_trajectory_is_said_as_a_multiple_of_the_oracle():
    errors = ("rmse_interpolation", "rmse_extrapolation", "mse_interpolation", "mse_extrapolation")
    entry = {"latent_ode": dict.fromkeys(errors, over_seeds([0.06, 0.06])), "oracle": dict.fromkeys(errors, over_seeds([0.04]))}
    lines = verdicts.judge("trajectory", {"noise_std": 0.3, "100": entry, "30": entry})
    beyond = [line for line in lines if "Table 2" in line.source and line.ours]
    assert [line.published for line in beyond] == [0.1642, 0.1346]  # 50 was not measured; 30 stands before 100
    assert all(line.verdict == "not comparable" and "1.50 × the Bayes oracle" in line.reason for line in beyond)
    assert all(line.floor == pytest.approx(0.04) for line in beyond)


def test_classification_names_what_was_not_trained():
    model = {
        "error_pct": over_seeds([0.40, 0.42, 0.44]),
        "error_tight_pct": over_seeds([0.70, 0.72, 0.74]),
        "binomial_standard_error_pct": SAMPLING,
        "parameters": 208_266,
        "nfe_forward": over_seeds([20.0, 20.0, 20.0]),
        "nfe_backward": over_seeds([10.0, 10.0, 10.0]),
    }
    kept = {"odenet": {"bytes_per_depth": 3.0}, "rknet": {"bytes_per_depth": 1e5}, "resnet": {"bytes_per_depth": 500.0}}
    metrics = {"odenet": model, "rknet": model, "resnet": model | {"parameters": 576_778}, "studies": {"memory": kept}}
    metrics |= {"dataset": "mnist"}
    lines = verdicts.judge("classification", metrics)
    found = {(line.quantity, line.published): line for line in lines}
    word = {line.quantity.partition(",")[0]: line.verdict for line in lines if "memory" in line.quantity}
    assert word == {"ODE-Net": "reproduced", "RK-Net": "reproduced", "ResNet (6 blocks)": "not reproduced"}
    assert found["ODE-Net, test error", 0.42].verdict == "reproduced"
    assert found["ODE-Net, test error", 0.7].verdict == "beaten"
    assert found["ODE-Net, test error", 1.7].verdict == "not comparable"
    assert found["ODE-Net, NFE backward / forward", 0.5].verdict == "reproduced"
    tight = found["ODE-Net under a tight adaptive solver, test error", 0.42]
    assert tight.verdict == "not reproduced" and tight.reason.startswith("+0.30 points")
    changed = found["ODE-Net, tight less training solver, test error", 0.0]
    assert changed.verdict == "not reproduced" and changed.reason.startswith("the error changes by +0.300 points")
    absent = found["1-layer MLP, test error", 1.6]
    assert absent.ours is None and absent.verdict == "not comparable" and absent.ours_text == "–"
    assert found["ODE-Net, parameters", 220_000.0].ours_text == "208,266"
    elsewhere = {line.quantity: line for line in verdicts.judge("classification", metrics | {"dataset": "cifar10"})}
    assert elsewhere["ODE-Net, test error"].verdict_text.startswith("not comparable because the published error is on MNIST")


def test_what_one_block_and_none_imply():
    def errors(*values):
        return {"error_pct": over_seeds(list(values))}

    metrics = {"stem": errors(1.0, 1.1, 0.9), "resnet1": errors(0.42, 0.40, 0.44), "resnet": errors(0.40, 0.42, 0.41)}
    same = verdicts.depth_matters(metrics | {"odenet": errors(0.4, 0.4, 0.4)})
    # differences 0.02, −0.02, 0.03: mean 0.01, 95 % interval 4.303 · 0.0265 / √3
    assert "a difference of 0.01 ± 0.07 points, which the seeds do not tell from none" in same
    assert same.endswith("not that it can stand for depth.")
    deep = verdicts.depth_matters(metrics | {"odenet": errors(0.4, 0.4, 0.4), "resnet": errors(0.20, 0.18, 0.22)})
    assert "the seeds tell from none" in deep and "depth does something here" in deep


def test_an_ode_keeps_its_error_under_another_solver():
    steady, sure = Measured(0.004, 0.01, 3), Measured(0.09, 0.02, 3)
    assert verdicts.solver_free(steady, 0.06)[0] == "reproduced"
    assert verdicts.solver_free(sure, 0.06)[0] == "not reproduced"
    assert verdicts.solver_free(Measured(0.05, 0.02, 3), 0.06)[0] == "reproduced"  # certain, but too small to be told from chance
    assert verdicts.solver_free(Measured(0.05), 0.04)[0] == "not reproduced"


def test_metrics_that_lack_something_are_named_in_one_line():
    with pytest.raises(UserError, match=r"reports/metrics/density.json: no entry 'cnf'; .*dvc repro density-summarise"):
        verdicts.judge("density", {"entropy_nats": 0.3})


def test_missing_metrics_are_named(tmp_path):
    with pytest.raises(UserError, match=r"reports/metrics/classification.json: missing"):
        verdicts.load(tmp_path)
