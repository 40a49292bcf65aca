"""The verdicts on the claims, from details that were invented."""

import pytest

from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import write_json
from neural_odes.summaries.statistics import over_seeds
from neural_odes.verdicts import claims, classification, density, trajectory

NETWORK = {
    "error_pct": over_seeds([0.40, 0.42, 0.44]),
    "error_tight_pct": over_seeds([0.70, 0.72, 0.74]),
    "binomial_standard_error_pct": 0.065,
    "parameters": 208_266,
    "nfe_forward": over_seeds([20.0, 20.0, 20.0]),
    "nfe_backward": over_seeds([10.0, 10.0, 10.0]),
}
DETAILS = {"dataset": "mnist", "odenet": NETWORK, "resnet": NETWORK | {"parameters": 576_778}}


def test_density_gap_floor_and_the_reports_numbers():
    metrics = {
        "entropy_nats": 0.289,
        "cnf": {
            "nll_nats": over_seeds([0.290, 0.292, 0.291]),
            "gap_nats": over_seeds([0.001, 0.003, 0.002]),
            "standard_error_nats": over_seeds([0.0003] * 3),
        },
    }
    gap, printed, expected, logged = claims.judge("density", metrics)
    assert (gap.published_text, gap.ours_text, gap.floor_text) == ("–", "0.0020 ± 0.0025", "0 (the exact density)")
    assert {line.judgement.word for line in (gap, printed, expected, logged)} == {"not comparable"}
    assert (printed.published, expected.published, logged.published) == (3.1, 0.55, 2.40)
    assert "2.394" in expected.judgement.text and expected.judgement.text.startswith("not comparable because ")
    metrics["entropy_nats"] = 2.3945
    metrics["cnf"]["nll_nats"] = over_seeds([2.396, 2.397, 2.398])
    assert [line.judgement.word for line in claims.judge("density", metrics)[1:]] == [
        "not comparable",
        "not comparable",
        "reproduced",
    ]


def test_trajectory_is_said_as_a_multiple_of_the_oracle():
    errors = ("rmse_interpolation", "rmse_extrapolation", "mse_interpolation", "mse_extrapolation")
    entry = {"latent_ode": dict.fromkeys(errors, over_seeds([0.06, 0.06])), "oracle": dict.fromkeys(errors, over_seeds([0.04]))}
    lines = claims.judge("trajectory", {"noise_std": 0.3, "100": entry, "30": entry})
    beyond = [line for line in lines if "Table 2" in line.source and line.ours]
    assert [line.published for line in beyond] == [0.1642, 0.1346]  # 50 was not measured; 30 stands before 100
    assert all(line.judgement.word == "not comparable" and "1.50 × the Bayes oracle" in line.judgement.reason for line in beyond)
    assert all(line.floor == pytest.approx(0.04) for line in beyond)


def test_metrics_that_lack_something_are_named_in_one_line():
    with pytest.raises(UserError, match=r"reports/details/density.json: no entry 'cnf'; .*dvc repro density-summarise"):
        claims.judge("density", {"entropy_nats": 0.3})


def test_missing_metrics_are_named(tmp_path):
    with pytest.raises(UserError, match=r"reports/details/classification.json: missing"):
        claims.load_details(tmp_path)


def test_classification():
    found = {(line.quantity, line.published): line for line in claims.judge("classification", DETAILS)}
    assert found["ODE-Net, test error", 0.42].judgement.word == "reproduced"
    assert found["ODE-Net, test error", 0.7].judgement.word == "beaten"
    assert found["ODE-Net, test error", 1.7].judgement.word == "not comparable"
    assert found["ODE-Net, NFE backward / forward", 0.5].judgement.word == "reproduced"
    tight = found["ODE-Net under a tight adaptive solver, test error", 0.42]
    assert tight.judgement.word == "not reproduced" and tight.judgement.reason.startswith("+0.30 points")
    changed = found["ODE-Net, tight minus training solver, test error", 0.0]
    assert changed.judgement.word == "not reproduced" and changed.judgement.reason.startswith(
        "the error changes by +0.300 points"
    )
    assert found["ODE-Net, parameters", 220_000.0].ours_text == "208,266"
    elsewhere = {line.quantity: line for line in claims.judge("classification", DETAILS | {"dataset": "cifar10"})}
    assert elsewhere["ODE-Net, test error"].judgement.text.startswith("not comparable because the published error is on MNIST")


def test_a_study_judges_by_its_own_module(tmp_path, monkeypatch):
    assert claims.load_study(tmp_path, "invented") == []
    folder = tmp_path / "studies" / "invented"
    folder.mkdir(parents=True)
    (folder / "verdicts.py").write_text(
        "from neural_odes.verdicts.classification import table_1_error\n"
        "def judge(metrics, details):\n"
        "    return [table_1_error(model='rknet', scores=metrics['rknet'], dataset=details['classification']['dataset'])]\n"
    )
    with pytest.raises(UserError, match=r"studies/invented/results/metrics.json: missing; .*neural-odes repro invented"):
        claims.load_study(tmp_path, "invented")
    (folder / "results").mkdir()
    write_json(folder / "results" / "metrics.json", {"rknet": NETWORK})
    (tmp_path / "reports" / "details").mkdir(parents=True)
    for claim in claims.CLAIMS:
        write_json(tmp_path / "reports" / "details" / f"{claim}.json", DETAILS)
    (line,) = claims.load_study(tmp_path, "invented")
    assert (line.quantity, line.published, line.judgement.word) == ("RK-Net, test error", 0.47, "reproduced")


def test_an_answer_says_what_came_out():
    said = classification.answer(DETAILS)
    assert "misreads 0.42 ± 0.05 % of the test images with 208,266 parameters, the ResNet 0.42 ± 0.05 % with 576,778." in said
    assert "Chen et al. print 0.42 % and 0.41 %." in said and "is indistinguishable from zero" in said
    assert "error of 0.07 points" in said
    better = DETAILS | {"dataset": "cifar10", "resnet": NETWORK | {"error_pct": over_seeds([0.20, 0.23, 0.24]), "parameters": 7}}
    said = classification.answer(better)
    # differences 0.20, 0.19, 0.20: mean 0.197, 95 % interval 4.303 · 0.00577 / √3
    assert "differ by 0.20 ± 0.01 points, paired over seeds, which is distinguishable from zero" in said
    assert "Chen" not in said, "they print nothing for other images"
    alone = NETWORK | {"error_pct": over_seeds([0.40])}
    said = classification.answer(DETAILS | {"odenet": alone, "resnet": alone})
    assert "differ by 0.00 points. The choice" in said, "one seed says nothing of their difference"
    flow = {key: over_seeds([0.290, 0.292, 0.291]) for key in ("nll_nats", "gap_nats")}
    assert "is 0.2910 ± 0.0025 nats." in (said := density.answer({"entropy_nats": 0.289, "cnf": flow})) and "0.2890" in said
    errors = ("rmse_interpolation", "rmse_extrapolation")
    entry = {"latent_ode": dict.fromkeys(errors, over_seeds([0.06, 0.06])), "oracle": dict.fromkeys(errors, over_seeds([0.04]))}
    said = trajectory.answer({"30": {}, "100": entry})
    assert said.startswith("With 100 noisy observations") and "0.1346" in said
    assert said.count("1.50 times that of the oracle") == 2
    assert "Chen" not in trajectory.answer({"40": entry})
