"""The other rows of Table 1: their verdicts, and what one block and none imply."""

from neural_odes.summaries.statistics import over_seeds
from studies.table1.verdicts import depth_matters, judge


def test_rows_of_table_1():
    rknet = {
        "error_pct": over_seeds([0.40, 0.42, 0.44]),
        "error_tight_pct": over_seeds([0.70, 0.72, 0.74]),
        "binomial_standard_error_pct": 0.065,
        "parameters": 208_266,
    }
    mlp = rknet | {"error_pct": over_seeds([1.5, 1.6, 1.7]), "parameters": 300_000}
    metrics, details = {"rknet": rknet, "mlp": mlp}, {"classification": {"dataset": "mnist"}}
    lines = judge(metrics, details)
    assert [(line.quantity, line.published, line.judgement.word) for line in lines] == [
        ("RK-Net, test error", 0.47, "reproduced"),
        ("1-layer MLP, test error", 1.6, "reproduced"),
        ("RK-Net, parameters", 220_000.0, "reproduced"),
        ("1-layer MLP, parameters", 240_000.0, "not reproduced"),
        ("RK-Net, tight minus training solver, test error", 0.0, "not reproduced"),
    ]
    elsewhere = judge(metrics, {"classification": {"dataset": "cifar10"}})
    assert elsewhere[0].judgement.text.startswith("not comparable because the published error is on MNIST")


def test_what_one_block_and_none_imply():
    def errors(*values):
        return {"error_pct": over_seeds(list(values))}

    scores = {"stem": errors(1.0, 1.1, 0.9), "resnet1": errors(0.42, 0.40, 0.44), "resnet": errors(0.40, 0.42, 0.41)}
    same = depth_matters(scores | {"odenet": errors(0.4, 0.4, 0.4)})
    # differences 0.02, −0.02, 0.03: mean 0.01, 95 % interval 4.303 · 0.0265 / √3
    assert "one block and six is 0.01 ± 0.07 points, which is indistinguishable from zero" in same
    assert same.endswith("not that it can stand for depth.")
    deep = depth_matters(scores | {"odenet": errors(0.4, 0.4, 0.4), "resnet": errors(0.20, 0.18, 0.22)})
    assert "which is distinguishable from zero" in deep and "depth does something here" in deep
