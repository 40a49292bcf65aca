"""What follows from means is judged by them: of every committed number it is known what decides it; rebuilds are invented from
the committed ones, sound and wrong.
"""

import functools
import itertools
import json
from fnmatch import fnmatchcase
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.stats

from neural_odes import params, paths
from neural_odes.checking import decided, verify
from neural_odes.pipeline import names
from neural_odes.pipeline.metrics import read_json
from neural_odes.summaries.statistics import binomial_standard_error, half_width
from neural_odes.verdicts import claims
from neural_odes.verdicts.ours import file
from studies.regularisation.summarise import recommended
from studies.student_report import findings
from studies.student_report.kept import FOLDER, Kept

STUDY = "studies/{}/results/metrics"
BASELINES, SOLVERS, TRADEOFF, REPORT = map(STUDY.format, ("density_baselines", "solvers", "regularisation", "student_report"))

FACTS = (
    *(
        f"reports/claims.*.{key}"
        for key in ("page", "quantity", "unit", "published", "published.*", "source", "work", "place", "rule")
    ),
    *(f"reports/claims.*.{key}" for key in ("comparability", "left_open", "ours_from", "floor", "floor.kind", "figures.*")),
    "reports/details/classification.dataset",
    *(f"{name}.*.epochs" for name in ("reports/details/classification", STUDY.format("table1"))),
    *(
        f"{name}.*.{key}"
        for name in ("reports/details/classification", STUDY.format("table1"))
        for key in ("nfe_*", "round_trip_error*")
    ),
    *(f"{name}.*parameters" for name in ("reports/details/*", STUDY.format("table1"), STUDY.format("trajectory_baselines"))),
    *(
        f"{name}.*parameters"
        for name in (f"{BASELINES}.nsf", f"{BASELINES}.kde", f"{BASELINES}.objectives", STUDY.format("widths"))
    ),
    *(
        f"{name}.*steps"
        for name in ("reports/details/*", f"{BASELINES}.nsf", f"{BASELINES}.objectives", STUDY.format("variants"))
    ),
    f"{STUDY.format('trajectory_baselines')}.models.*.steps",
    *(f"{name}.*entropy*" for name in ("reports/details/density", "reports/metrics/density", STUDY.format("widths"))),
    "reports/details/trajectory.noise_std",
    *(f"{name}.*.oracle.*" for name in ("reports/details/trajectory", STUDY.format("trajectory_baselines"))),  # of no seed
    *(f"{STUDY.format('memory')}.*.{key}" for key in ("bytes_at_zero", "bytes_per_depth", "points.*.bytes", "points.*.depth")),
    *(f"{TRADEOFF}.*.solvers.*.{key}" for key in ("method", "tolerance", "steps")),
    *(f"{SOLVERS}.*.forward.*.{key}" for key in ("method", "tolerance", "steps")),
    f"{SOLVERS}.odenet.adjoint.*.tolerance",
    *(f"{REPORT}.findings.{key}" for key in ("*.claim", "*.said", "[0-5].ours", "[0-5].reason", "[0-5].verdict")),
    f"{REPORT}.run.*",  # once, by hand
)
"""Patterns of what no seed and no processor decides: sizes, settings, sources, best possible values."""


def is_value(node):
    return isinstance(node, dict) and "values" in node


@pytest.fixture(scope="module")
def there(committed):
    """All committed files that are compared."""
    values = params.load(committed)
    declared = [
        out for folder in paths.pipelines(committed) for stage in names.declared(committed, folder, values) for out in stage.outs
    ]
    compared = [name for name in declared if any(fnmatchcase(name, pattern) for pattern in verify.COMPARED)]
    return {name.removesuffix(".json"): read_json(committed / name) for name in sorted(compared)}


@pytest.fixture(scope="module")
def fields(there):
    return dict(verify.leaves(there))


def facts(fields):
    """Names of those that must be the same in a rebuild: values over seeds, too, where seeds decide nothing."""
    return [
        name
        for name, node in fields.items()
        if not decided.following(name)
        and (
            node["std"] == 0 and not decided.is_counted(name, fields)
            if verify.is_over_seeds(node)
            else any(fnmatchcase(name, pattern) for pattern in FACTS)
        )
    ]


def test_it_is_known_what_decides_each_committed_field(fields):
    """Otherwise a choice passes for a fact, and a sound rebuild for another result. A new field is one of these: a value over
    seeds; a number or word that no seed decides (FACTS, here); what follows from values (checking/decided.py)."""
    unknown = [
        name
        for name, node in fields.items()
        if not verify.is_over_seeds(node)
        and not decided.following(name)
        and not decided.is_time(name)
        and not any(fnmatchcase(name, pattern) for pattern in FACTS)
        and not (is_value(node) and decided.standard_error(name) in fields)
    ]
    assert not unknown, f"fact, or decided by what? {unknown}"


def test_every_pattern_means_something(fields):
    values = [name for name, node in fields.items() if is_value(node)]
    for rule in decided.FOLLOWING:
        assert [value for value in values if fnmatchcase(value, rule.values)], rule
    # A setting of the one kind of solver has no field while one of the other kind is recommended.
    patterns = {rule.fields for rule in decided.FOLLOWING} - {f"{TRADEOFF}.recommended.{key}" for key in ("steps", "tolerance")}
    patterns -= {"reports/claims.*.ours"}  # none is without a number of ours
    for pattern in [*patterns, *decided.TIMES, *FACTS]:
        assert [name for name in fields if fnmatchcase(name, pattern)], pattern


class QuickKept(Kept):
    """What the run of the student report's settings left; the entropy, half a second's work, is computed once."""

    @functools.cached_property
    def moons(self):
        entropy = super().moons.entropy()
        return SimpleNamespace(entropy=lambda: entropy)


def copied(files):
    return json.loads(json.dumps(files))


def over_seeds(values):
    """As the stages write it; theirs takes exact fractions, and time."""
    return {
        "mean": float(np.mean(values)),
        "std": float(np.std(values, ddof=1)),
        "n": len(values),
        "values": list(map(float, values)),
    }


class Rebuilds:
    """What other processors might make of the same parameters: values over seeds drawn anew, and all that follows from them
    computed by the rules of the stages."""

    def __init__(self, there, kept):
        self.there, self.kept = there, kept
        self.generator = np.random.default_rng(0)

    def value(self, name, node, fields):
        """Normal, with mean and spread of the committed value; a count in whole steps, and often the same on every seed."""
        if node["n"] == 1:
            error = fields.get(decided.standard_error(name))
            sampled = error["mean"] if error else 1e-6 * abs(node["mean"])
            drawn = float(self.generator.normal(node["mean"], sampled))
            return {"mean": drawn, "std": None, "n": 1, "values": [drawn]}
        if decided.is_counted(name, fields):
            around = self.generator.normal(0.5, 0.3 + node["std"] / 6, node["n"])
            return over_seeds(node["mean"] + 6 * np.round(around))
        return over_seeds(self.generator.normal(node["mean"], node["std"], node["n"])) if node["std"] else node

    def draw(self):
        drawn = copied(self.there)
        fields = dict(verify.leaves(drawn))
        for name, node in fields.items():
            if is_value(node):
                node |= self.value(name, node, fields)
        return self.followed(drawn)

    def followed(self, drawn):
        for model in ("gmm", "kde"):
            drawn[BASELINES][model]["chosen"] *= int(self.generator.choice([1, 2]))
            drawn[BASELINES][model]["standard_error_nats"]["mean"] *= 1.1
        drawn[BASELINES]["gmm"]["parameters"] = 6 * drawn[BASELINES]["gmm"]["chosen"] - 1
        for row in drawn[BASELINES]["objectives"]["matching"]:
            row["seconds"] *= 1.4
        drawn[TRADEOFF]["recommended"] = recommended(drawn[TRADEOFF])
        for name in ("reports/details/classification", STUDY.format("table1")):
            for each in drawn[name].values():
                if isinstance(each, dict):
                    error = abs(each["error_pct"]["mean"])
                    each["binomial_standard_error_pct"] = binomial_standard_error(error, 10_000)
        for model, row in drawn["reports/metrics/classification"].items():
            error = drawn["reports/details/classification"][model]["error_pct"]
            row |= {"error_pct": error["mean"], "ci95": half_width(error)}
        for found, one in zip(drawn[REPORT]["findings"], findings.judge(self.kept, drawn[SOLVERS]), strict=True):
            found |= {"ours": one.ours, "verdict": one.judgement.word, "reason": one.judgement.reason}
        judged = claims.verdicts(lambda page: drawn[file(page).removesuffix(".json")])
        drawn["reports/claims"] = {line.name: copied(line.as_dict()) for lines in judged.values() for line in lines}
        return drawn


@pytest.fixture(scope="module")
def kept(committed):
    return QuickKept.read(committed / FOLDER)


@pytest.fixture
def rebuilds(there, kept):
    return Rebuilds(there, kept)


@pytest.mark.parametrize("number", [7, pytest.param(21, marks=pytest.mark.slow)])
def test_sound_rebuilds_agree(rebuilds, committed, number):
    """Of the pairs of rebuilds (21, or 210), all drawn from the same truth, 5 % may be called different."""
    wrong, otherwise = [], set()
    pairs = list(itertools.combinations([rebuilds.draw() for _ in range(number)], 2))
    for one, other in pairs:
        found = verify.compare(one, other)
        otherwise |= {difference.name for difference in found.otherwise}
        wrong += [[str(difference) for difference in found.differing]] * (found.verdict == "differs")
    assert len(wrong) <= 0.05 * len(pairs), wrong
    assert {f"{TRADEOFF}.recommended.method", f"{BASELINES}.gmm.chosen", f"{BASELINES}.gmm.parameters"} <= otherwise
    assert any(name.endswith(".verdict") for name in otherwise)
    assert not list(decided.unfounded(committed, other))


@pytest.fixture
def otherwise(rebuilds, there):
    """A sound rebuild in which another solver is recommended."""
    drawn = (rebuilds.draw() for _ in range(100))
    return next(files for files in drawn if files[TRADEOFF]["recommended"]["method"] != there[TRADEOFF]["recommended"]["method"])


@pytest.fixture
def verified(otherwise, there, committed, tmp_path):
    """Compares such a rebuild, as it lies in a clone, with the committed files."""

    def verified():
        for name, content in otherwise.items():
            path = tmp_path / f"{name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
        found = verify.verify(tmp_path, [f"{name}.json" for name in there], lambda name: (committed / name).read_text())
        return found, found.lines("HEAD")

    return verified


def test_another_recommendation_agrees_and_is_named(verified, otherwise, there):
    found, (first, *lines) = verified()
    assert (
        found.exit_code == 0
        and first.startswith("agrees with HEAD: ")
        and first.endswith("; all else is equal but for what they decide")
    )
    old, new = (files[TRADEOFF]["recommended"]["method"] for files in (there, otherwise))
    assert f"decided otherwise: {TRADEOFF}.recommended.method: {old} → {new} (judged by the means behind it)" in lines


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda files: files[TRADEOFF]["recommended"].update(method="euler"), f"{TRADEOFF}.recommended"),
        (lambda files: files[TRADEOFF].pop("recommended"), f"{TRADEOFF}.recommended"),
        (lambda files: files["reports/claims"]["figure-3c"].update(verdict="reproduced"), "reports/claims.figure-3c"),
    ],
)
def test_a_decision_must_be_what_its_rule_makes_of_the_rebuilt_means(verified, otherwise, change, name):
    change(otherwise)
    found, lines = verified()
    assert found.exit_code == 1 and found.unfounded == (name,)
    assert f"  {name}: not what its rule makes of the rebuilt numbers" in lines


def test_a_decision_cannot_change_alone(there, fields):
    """Nor can a number that follows from means: where none of them moved, the code did."""
    changed = copied(there)
    following = [name for name in fields if decided.following(name)]
    for name in following:
        put(changed, name, other(fields[name]))
    found = verify.compare(there, changed)
    assert {difference.name for difference in found.differing} == set(following) and not found.otherwise
    for node in (node for _, node in verify.leaves(changed) if is_value(node)):
        node["mean"] *= 1 + 1e-7  # as on another processor
    found = verify.compare(there, changed)
    assert found.verdict == "agrees"
    assert [difference.name for difference in found.otherwise] == [name for name in following if decided.following(name).choice]


def test_every_fact_is_held_against_the_committed_one(there, fields):
    changed = copied(there)
    for name in facts(fields):
        put(changed, name, other(fields[name]))
    found = verify.compare(there, changed)
    assert {difference.name for difference in found.differing} == set(facts(fields)) and found.verdict == "differs"
    kinds = ("parameters", "entropy_nats", "bytes", "dataset", "published", "nfe", "rmse_interpolation")
    assert {name.rpartition(".")[2] for name in facts(fields)} >= set(kinds)


def test_a_shifted_mean_is_found(there, fields):
    """As far as Student's t reaches at this level, the spread being the same: t · s · √(2/n), of 2 (n − 1) degrees of freedom."""
    means = verify.compare(there, there).means
    varied = {
        name: node
        for name, node in fields.items()
        if verify.is_over_seeds(node) and node["std"] and not decided.is_counted(name, fields) and not decided.following(name)
    }
    for part, expected in ((1.01, set(varied)), (0.99, set())):
        shifted = copied(there)
        for name, node in varied.items():
            t = scipy.stats.t.ppf(1 - verify.LEVEL / means / 2, 2 * (node["n"] - 1))
            put(shifted, name, node | {"mean": node["mean"] + part * t * node["std"] * (2 / node["n"]) ** 0.5})
        found = verify.compare(there, shifted)
        assert {difference.name for difference in found.differing} == expected
        assert found.exit_code == bool(expected)


def test_five_standard_errors_of_one_mean_are_found():
    one = over_seeds(np.array([0.0, 1.0, 2.0]))
    five = one | {"mean": one["mean"] + 5 * (2 / 3) ** 0.5}
    assert verify.compare({"a": one}, {"a": five}).verdict == "differs"


def test_the_score_of_a_single_fit_may_move_within_the_error_of_its_test_points(there):
    """The level of 0.05 over nearly 900 means is that of 4.03 standard errors."""
    for errors, verdict in ((3.5, "agrees"), (4.5, "differs")):
        changed = copied(there)
        gap, error = (changed[BASELINES]["gmm"][key] for key in ("gap_nats", "standard_error_nats"))
        gap["mean"] += errors * 2**0.5 * error["mean"]
        found = verify.compare(there, changed)
        assert found.verdict == verdict and (
            verdict == "agrees" or [d.name for d in found.differing] == [f"{BASELINES}.gmm.gap_nats"]
        )


def test_counts_of_an_adaptive_solver_are_as_coarse_as_its_steps(there):
    """26 on each seed, then 32: one step more. Of a solver with fixed steps each evaluation is a fact."""
    same, more = ({"a": {"tolerance": 0.1, "method": "dopri5", "nfe": over_seeds([n] * 3)}} for n in (26.0, 32.0))
    assert verify.compare(there | same, there | more).verdict == "agrees"
    far = {"a": same["a"] | {"nfe": over_seeds([500.0] * 3)}}
    assert verify.compare(there | same, there | far).verdict == "differs"
    same, more = ({"a": {"steps": 8, "method": "rk4", "nfe": over_seeds([n] * 3)}} for n in (32.0, 33.0))
    assert verify.compare(there | same, there | more).verdict == "differs"


def test_times_of_a_benchmark_are_not_compared(there):
    changed = copied(there)
    changed[BASELINES]["objectives"]["matching"][0]["seconds"] *= 2
    assert verify.compare(there, changed).verdict == "agrees"


def put(files, name, value):
    """In place of what a dotted name, that of a file first, leads to."""
    file = max((file for file in files if name.startswith(f"{file}.")), key=len)
    node = files[file]
    *parts, last = keys(node, name.removeprefix(f"{file}."))
    for part in parts:
        node = node[part]
    node[last] = value


def keys(node, name):
    """Names of claims have no dots, but one never knows."""
    while name:
        if isinstance(node, list):
            key, _, name = name.partition(".")
            yield int(key)
            node = node[int(key)]
        else:
            key = max((key for key in node if name == key or name.startswith(f"{key}.")), key=len)
            yield key
            node, name = node[key], name[len(key) + 1 :]


def other(value):
    """Something else of the same kind."""
    if is_value(value):
        return value | {"mean": value["mean"] * 1.01 + 1}
    if value is None or isinstance(value, bool):
        return not value
    return f"not {value}" if isinstance(value, str) else value + 1 if isinstance(value, int) else 1.01 * value + 1
