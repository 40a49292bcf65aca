"""The other rows of Table 1: what one block and none imply."""

from neural_odes.summaries.statistics import over_seeds
from studies.table1.depth import depth_matters


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
