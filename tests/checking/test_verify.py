"""A rebuild beside what was committed: identical, within the spread over seeds, or different – and which number."""

import copy
import hashlib
import json
import math
import random
import statistics

import pytest
import scipy.stats

from neural_odes.checking import verify
from neural_odes.errors import UserError
from neural_odes.summaries.statistics import over_seeds


def metrics(values, **more):
    return {"odenet": {"error_pct": over_seeds(values), "parameters": 208266, "binomial_standard_error_pct": values[0]} | more}


def test_the_level_is_that_of_welch():
    """Two samples of three by hand: means 1 and 3, both variances 1; t = 2 / √(2/3), four degrees of freedom."""
    found = verify.compare({"a": metrics([0.0, 1.0, 2.0])}, {"a": metrics([2.0, 3.0, 4.0])})
    assert found.furthest is not None and found.furthest.name == "a.odenet.error_pct"
    assert found.furthest.probability == pytest.approx(0.070484, abs=1e-6)  # of tables of Student's t at 2.449
    assert (found.verdict, found.exit_code, found.means) == ("agrees", 0, 1)
    further = {"a": over_seeds([2.5, 3.5, 4.5])}  # t = 3.062, p = 0.038
    assert verify.compare({"a": over_seeds([0.0, 1.0, 2.0])}, further).verdict == "differs"
    two = {"a": over_seeds([0.0, 1.0, 2.0]), "b": over_seeds([0.0, 1.0, 2.0])}  # 2.5 % each
    assert verify.compare(two, two | further).verdict == "agrees"


def test_variances_may_differ():
    """Welch (1947): t = Δ / √(s₁²/n₁ + s₂²/n₂), degrees of freedom by Satterthwaite."""
    found = verify.compare({"a": over_seeds([0.0, 1.0, 2.0])}, {"a": over_seeds([0.0, 10.0, 20.0])})
    one, two = 1 / 3, 100 / 3
    freedom = (one + two) ** 2 / (one**2 / 2 + two**2 / 2)
    assert found.furthest is not None
    assert found.furthest.probability == pytest.approx(2 * scipy.stats.t.sf(9 / math.sqrt(one + two), freedom))


def test_sound_rebuilds_agree_and_a_wrong_one_is_named():
    draw = random.Random(0)

    def rebuild(shift=0.0):
        return {
            "a": {f"k{i}": over_seeds([draw.gauss(10 + i + (shift if i == 7 else 0), 1) for _ in range(3)]) for i in range(100)}
        }

    verdicts = [verify.compare(rebuild(), rebuild()).verdict for _ in range(40)]
    assert verdicts.count("differs") <= 6  # 5 % at most are expected
    wrong = verify.compare(rebuild(), rebuild(shift=60.0))
    assert wrong.exit_code == 1 and "a.k7" in [d.name for d in wrong.differing]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda m: m["a"]["odenet"].update(parameters=208267), "a.odenet.parameters"),
        (lambda m: m["a"]["odenet"].update(parameters=208266.0), "a.odenet.parameters"),
        (lambda m: m["a"]["odenet"].pop("parameters"), "a.odenet.parameters"),
        (lambda m: m["a"]["odenet"].update(new=None), "a.odenet.new"),
        (lambda m: m["a"].update(dataset="cifar10"), "a.dataset"),
        (lambda m: m["a"]["odenet"].update(error_pct=over_seeds([1.0])), "a.odenet.error_pct"),
        (lambda m: m["a"]["rows"][1].update(nll=0.502), "a.rows.1.nll"),
        (lambda m: m["a"]["rows"].pop(), "a.rows.1.nll"),
        (lambda m: m["a"].update(nfe=over_seeds([32, 32, 32])), "a.nfe"),
    ],
)
def test_what_no_seed_decides_must_be_the_same(change, name):
    committed = {
        "a": metrics([1.0, 2.0, 3.0]) | {"dataset": "mnist", "rows": [{"nll": 0.4}, {"nll": 0.5}], "nfe": over_seeds([26] * 3)}
    }
    rebuilt = copy.deepcopy(committed)
    assert verify.compare(committed, rebuilt).verdict == "agrees"
    change(rebuilt)
    found = verify.compare(committed, rebuilt)
    assert found.verdict == "differs" and any(d.name.startswith(name) for d in found.differing), found.differing


@pytest.mark.parametrize(
    ("committed", "rebuilt", "verdict"),
    [
        ([1.0, 2.0], [1.1, 2.1], "agrees"),  # two seeds have a spread, too
        ([26.0] * 3, [27.0] * 3, "differs"),  # without one, any other mean is another result
        ([0.0, 0.001, 0.002], [0.5, 0.501, 0.502], "differs"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], "agrees"),
    ],
)
def test_means_over_seeds(committed, rebuilt, verdict):
    found = verify.compare({"a": over_seeds(committed)}, {"a": over_seeds(rebuilt)})
    assert found.verdict == verdict
    if found.means:
        assert found.furthest is not None and (found.furthest.probability == 1) == (committed == rebuilt)


def test_a_mean_of_one_seed_is_a_number_like_others():
    found = verify.compare({"a": over_seeds([1.0, 2.0]), "b": over_seeds([1.0, 2.0])}, {"a": over_seeds([1.0, 2.0]), "b": 1.5})
    assert (found.verdict, found.means) == ("differs", 1)


def test_the_verdict_in_words():
    committed = {"a": {"x": over_seeds([1.0, 2.0, 3.0]), "y": over_seeds([1.0, 2.0, 3.0]), "steps": 10}}
    rebuilt = {"a": {"x": over_seeds([1.0, 2.0, 3.0]), "y": over_seeds([2.0, 3.0, 4.25]), "steps": 10}}
    found = verify.compare(committed, rebuilt)
    (line,) = found.lines("v1")
    assert line.startswith("agrees with v1: seeds explain the differences of 2 means; the largest, a.y: 2 → 3.0833 (p = 0.2")
    rebuilt["a"]["steps"] = 11
    found = verify.compare(committed, rebuilt)
    assert found.lines("v1") == ["differs from v1 in what seeds do not explain:", "  a.steps: 10 → 11"]
    assert verify.compare({"a": 1}, {"a": 1}).lines("v1") == [
        "agrees with v1: seeds explain the differences of 0 means; all else is equal"
    ]
    (line,) = verify.Comparison("identical", 0, None, ()).lines("v1")
    assert line == "identical: all numbers are those of v1, byte for byte"


@pytest.mark.filterwarnings("ignore")  # of DVC's imports
def test_outputs_that_are_not_as_in_the_lock_are_named(tmp_path):
    """Of the root, and of a study that ran here."""
    names = [f"models/{letter}" for letter in "abcdefgh"]
    studied = ["models/a", "results/metrics.json"]
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    no_scm = true\n")
    for folder, outs in ((tmp_path, names), (tmp_path / "studies" / "wide", studied)):
        for name in outs:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
        md5s = {name: hashlib.md5(name.encode()).hexdigest() for name in outs}
        stage = {"cmd": "true", "outs": [{name: {"cache": not name.startswith("results")}} for name in outs]}
        lock = {"cmd": "true", "outs": [{"path": name, "hash": "md5", "md5": md5} for name, md5 in md5s.items()]}
        (folder / "dvc.yaml").write_text(json.dumps({"stages": {"train": stage}}))
        (folder / "dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": {"train": lock}}))
    made = ("studies/wide/results/metrics.json",)
    left_over = ("studies/gone/results/metrics.json", "reports/details/old.json", "evaluations/density/cnf-9/metrics.json")
    for name in left_over:  # of a study, a claim and a seed that no dvc.yaml has any more
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("{}")
    assert verify.look(tmp_path) == verify.Clone(altered=(), left_out=(), results=made)
    for name in names[:6]:  # some hashes become greater, some smaller
        (tmp_path / name).write_text("altered")
    (tmp_path / names[6]).unlink()
    (tmp_path / "studies" / "wide" / "results" / "metrics.json").unlink()
    assert verify.look(tmp_path).altered == (*names[:7], "studies/wide/results/metrics.json")
    (tmp_path / "studies" / "wide" / "models" / "a").unlink()
    clone = verify.look(tmp_path)
    assert clone == verify.Clone(altered=tuple(names[:7]), left_out=("wide",), results=())
    assert clone.covers("train@0") and not clone.covers("studies/wide/dvc.yaml:train@0")
    reader = tmp_path / "studies" / "reader"
    reader.mkdir()
    (reader / "out.json").write_text("read")
    dep, out = "../wide/results/metrics.json", {"path": "out.json", "hash": "md5", "md5": hashlib.md5(b"written").hexdigest()}
    stage = {"cmd": "true", "deps": [dep], "outs": [{"out.json": {"cache": False}}]}
    (reader / "dvc.yaml").write_text(json.dumps({"stages": {"gather": stage}}))
    (reader / "dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": {"gather": {"cmd": "true", "outs": [out]}}}))
    unread = verify.Clone(altered=tuple(names[:7]), left_out=("reader", "wide"), results=())
    assert verify.look(tmp_path) == unread, "it reads what is not here"
    (tmp_path / "dvc.yaml").write_text("stages: [")
    with pytest.raises(UserError, match="git checkout brings it back"):
        verify.look(tmp_path)


def test_rounding_is_no_difference():
    committed = {"a": {"nll": 0.5, "nfe": over_seeds([26.0] * 3), "b": over_seeds([0.0, 0.0, 0.0])}}
    rebuilt = {"a": {"nll": 0.50001, "nfe": over_seeds([26.000000001] * 3), "b": over_seeds([1e-14, 0.0, 0.0])}}
    assert verify.compare(committed, rebuilt).verdict == "agrees"


def test_a_derived_number_is_not_compared_twice():
    committed, rebuilt = (json.loads(json.dumps({"a": metrics([first, 2.0, 3.0])})) for first in (1.0, 1.5))
    assert verify.compare(committed, rebuilt).verdict == "agrees"


@pytest.fixture
def rebuilt(tmp_path):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(metrics([1.0, 2.0, 3.0])))
    return tmp_path


FILES = (
    "reports/details/classification.json",
    "reports/details/density.json",
    "studies/wide/results/metrics.json",
)


def test_the_same_bytes_are_identical(rebuilt):
    text = (rebuilt / "reports" / "details" / "density.json").read_text()
    assert verify.verify(rebuilt, FILES, lambda name: text) == verify.Comparison("identical", 0, None, ())
    for spaced in (text.replace(": ", ":  "), text.replace(": ", ":")):
        other = verify.verify(rebuilt, FILES, lambda name, spaced=spaced: spaced)
        assert other.verdict == "agrees" and other.means == 3


def test_numbers_of_claims_and_studies_are_compared(rebuilt):
    text = (rebuilt / "reports" / "details" / "density.json").read_text()
    study = rebuilt / "studies" / "wide" / "results" / "metrics.json"
    study.write_text(text.replace("208266", "3"))
    found = verify.verify(rebuilt, FILES, lambda name: text)
    assert [d.name for d in found.differing] == ["studies/wide/results/metrics.odenet.parameters"]


def test_a_missing_or_damaged_file_is_named(rebuilt):
    with pytest.raises(UserError, match=r"^reports/details/classification\.json: not in that commit"):
        verify.verify(rebuilt, FILES, lambda name: None)
    with pytest.raises(UserError, match=r"^reports/details/classification\.json: damaged in that commit"):
        verify.verify(rebuilt, FILES, lambda name: "")
    (rebuilt / "studies" / "wide" / "results" / "metrics.json").write_text("{")
    with pytest.raises(UserError, match=r"wide/results/metrics\.json: damaged"):
        verify.verify(rebuilt, FILES, lambda name: "{}")


def test_means_are_those_of_the_values():
    assert over_seeds([1, 2, 4])["std"] == statistics.stdev([1, 2, 4])
