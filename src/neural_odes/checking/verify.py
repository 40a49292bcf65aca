"""Compares a rebuild of the claims and the studies with the committed numbers: first by bytes, then by the spread over seeds.

On the same kind of machine a rebuild has the same bytes. On another processor trainings part ways in their last bits and end
elsewhere within the spread over seeds; then means are compared by Welch's t-test (Welch 1947), and the level is divided by the
number of means (Bonferroni), so that 5 % of sound rebuilds are called different at most. What follows from means is judged by
them (``decided``).
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeGuard

from neural_odes.checking import decided
from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.names import StageName
from neural_odes.running import graph
from neural_odes.running.lockfile import md5_of

LEVEL = 0.05
RELATIVE = 1e-3  # of a number that no seed decides
COMPARED = ("reports/claims.json", "reports/details/*.json", "reports/metrics/*.json", "studies/*/results/metrics.json")
_SEEDS = {"mean", "std", "n", "values"}
_ABSENT = "absent"


@dataclass(frozen=True)
class Difference:
    """One number in both.

    Attributes:
        name: its dotted name, that of its file first.
        committed, rebuilt: the number, or the mean over seeds; "absent" where there is none.
        probability: that seeds alone set means so far apart (two-sided); 0 or 1 for a number that no seed decides.
    """

    name: str
    committed: Any
    rebuilt: Any
    probability: float

    def __str__(self) -> str:
        return f"{self.name}: {_shown(self.committed)} → {_shown(self.rebuilt)}"


def _shown(value: Any) -> str:
    if _is_value(value):
        return f"{value['mean']:.5g} (n = {value['n']})"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Comparison:
    """Of a rebuild with what was committed.

    Attributes:
        verdict: identical (byte for byte), agrees (within the spread over seeds) or differs.
        means: how many means were compared.
        furthest: of them, the one that seeds explain worst.
        differing: what seeds do not explain, in the order of the files.
        otherwise: decisions that came out otherwise, as the means behind them moved within the spread.
        unfounded: names of decisions that are not what their rule makes of the rebuilt numbers.
    """

    verdict: Literal["identical", "agrees", "differs"]
    means: int
    furthest: Difference | None
    differing: tuple[Difference, ...]
    otherwise: tuple[Difference, ...] = ()
    unfounded: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        return int(self.verdict == "differs")

    def lines(self, commit: str) -> list[str]:
        """In words."""
        if self.verdict == "identical":
            return [f"identical: all numbers are those of {commit}, byte for byte"]
        otherwise = [f"decided otherwise: {difference} (judged by the means behind it)" for difference in self.otherwise]
        if self.verdict == "agrees":
            furthest = f"; the largest, {self.furthest} (p = {self.furthest.probability:.2g})" if self.furthest else ""
            but = " but for what they decide" if otherwise else ""
            explained = f"agrees with {commit}: seeds explain the differences of {self.means} means{furthest}"
            return [f"{explained}; all else is equal{but}", *otherwise]
        differing = [f"  {difference}" for difference in self.differing]
        differing += [f"  {name}: not what its rule makes of the rebuilt numbers" for name in self.unfounded]
        return [f"differs from {commit} in what seeds do not explain:", *differing, *otherwise]


def verify(root: Path, files: Iterable[str], show: Callable[[str], str | None]) -> Comparison:
    """Compares files of results under ``root`` with the committed ones.

    Args:
        files: relative to the root, as ``Clone.results`` has them.
        show: the committed content of a path; None where that was not committed.

    Raises:
        UserError: a file is missing or damaged.
    """
    committed, rebuilt, same = {}, {}, True
    for name in files:
        path = root / name
        new, text = read_json(path), show(name)
        if text is None:
            raise UserError(f"{name}: not in that commit; name another one")
        same = same and text.rstrip() == path.read_text(encoding="utf-8").rstrip()
        try:
            old = json.loads(text)
        except ValueError:
            raise UserError(f"{name}: damaged in that commit; name another one") from None
        key = name.removesuffix(".json")
        rebuilt[key], committed[key] = new, old
    if same:
        return Comparison("identical", 0, None, ())
    found = compare(committed, rebuilt)
    unfounded = tuple(decided.unfounded(root, rebuilt))
    return replace(found, verdict="differs", unfounded=unfounded) if unfounded else found


@dataclass(frozen=True)
class Clone:
    """How far the outputs under a clone's root are a rebuild of what dvc.lock says.

    Attributes:
        altered: outputs that are missing or have other bytes, of pipelines that ran here.
        left_out: pipelines of which nothing that DVC's cache holds is here: they were not run; and those that read their results.
        results: files of numbers that stages of the others make; what lies there of a study that is gone is none of them.
    """

    altered: tuple[str, ...]
    left_out: tuple[str, ...]
    results: tuple[str, ...]

    def covers(self, stage: str) -> bool:
        """Whether a stage, by its address, is of a pipeline that ran here."""
        return StageName.parse(stage).pipeline not in self.left_out


def look(root: Path) -> Clone:
    """Holds every output against dvc.lock. All bytes are read: DVC itself trusts a file's time and size.

    Raises:
        UserError: a dvc.lock or dvc.yaml is damaged.
    """
    with graph.opened(root) as repo:
        outs = [
            (graph.name_of(stage).pipeline, Path(out.fs_path), out.hash_info.value, out.use_cache)
            for stage in repo.index.stages
            for out in stage.outs
        ]
        parents = repo.index.graph.successors
        reads = {
            (graph.name_of(stage).pipeline, graph.name_of(parent).pipeline)
            for stage in repo.index.stages
            for parent in parents(stage)
        }
    cached = {pipeline for pipeline, _, _, use_cache in outs if pipeline and use_cache}
    left_out = cached - {pipeline for pipeline, path, _, use_cache in outs if use_cache and path.exists()}
    while more := {reader for reader, read in reads if reader and read in left_out} - left_out:
        left_out |= more
    made = [
        (path.relative_to(root.resolve()).as_posix(), path, md5) for pipeline, path, md5, _ in outs if pipeline not in left_out
    ]
    altered = sorted(name for name, path, md5 in made if not (path.exists() and md5_of(path) == md5))
    results = sorted(name for name, _, _ in made if any(fnmatchcase(name, pattern) for pattern in COMPARED))
    return Clone(tuple(altered), tuple(sorted(left_out)), tuple(results))


def compare(committed: Mapping[str, Any], rebuilt: Mapping[str, Any]) -> Comparison:
    """By the spread over seeds.

    Args:
        committed, rebuilt: what files hold, by their names without suffix.
    """
    old, new = dict(leaves(committed)), dict(leaves(rebuilt))
    names = [name for name in old | new if not decided.is_time(name)]
    means, others = [], []
    for name in names:
        if decided.following(name):
            continue
        one, other = _mean(name, old), _mean(name, new)
        if one and other and one.error + other.error > 0:
            means.append((name, one, other))
        else:
            others.append(name)
    compared = {d.name: d for d in _welch(means)} | {name: _difference(name, old, new) for name in others}
    level = LEVEL / max(1, len(means))
    moved = [name for name in compared if _is_value(old.get(name)) and old[name] != new.get(name)]
    behind = {values: any(fnmatchcase(name, values) for name in moved) for values in {rule.values for rule in decided.FOLLOWING}}
    differing, otherwise = [], []
    for name in names:
        difference = compared.get(name) or _difference(name, old, new)
        if difference.probability >= level:
            continue
        rule = decided.following(name)
        if not rule or not behind[rule.values]:
            differing.append(difference)
        elif rule.choice:
            otherwise.append(difference)
    furthest = min((compared[name] for name, _, _ in means), key=lambda d: d.probability, default=None)
    return Comparison("differs" if differing else "agrees", len(means), furthest, tuple(differing), tuple(otherwise))


def leaves(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Numbers, texts and values over seeds of a file of metrics, by dotted name."""
    if isinstance(node, dict) and not _is_value(node):
        children: Iterable[tuple[Any, Any]] = node.items()
    elif isinstance(node, list):
        children = enumerate(node)
    else:
        yield name, node
        return
    for key, child in children:
        yield from leaves(child, f"{name}.{key}".lstrip("."))


def is_over_seeds(node: Any) -> TypeGuard[dict[str, Any]]:
    """Whether it is a value over several seeds."""
    return _is_value(node) and node["n"] > 1


def _is_value(node: Any) -> TypeGuard[dict[str, Any]]:
    """Whether it is a value over seeds, or one that no seed changes in the same form."""
    return isinstance(node, dict) and node.keys() == _SEEDS


class _Mean(NamedTuple):
    """A mean, its standard error, and the degrees of freedom of that."""

    mean: float
    error: float
    freedom: float


def _mean(name: str, found: Mapping[str, Any]) -> _Mean | None:
    """Of the value called ``name``; None where nothing says how far it may be off."""
    value = found.get(name)
    if is_over_seeds(value):
        # A count is rounded to whole steps: on all seeds it may be the same, and another where they round otherwise.
        coarse = decided.STEP / math.sqrt(12) if decided.is_counted(name, found) else 0.0
        return _Mean(value["mean"], math.hypot(value["std"], coarse) / math.sqrt(value["n"]), value["n"] - 1)
    if _is_value(value) and (error := found.get(decided.standard_error(name) or "")):
        return _Mean(value["mean"], error["mean"], math.inf)
    return None


def _welch(means: list[tuple[str, _Mean, _Mean]]) -> list[Difference]:
    """With the probability that two means of normal samples, whose variances may differ, lie so far apart when the true ones do
    not."""
    import numpy as np
    from scipy.stats import t

    if not means:
        return []
    (one, e1, f1), (other, e2, f2) = (np.array([pair[i] for pair in means]).T for i in (1, 2))
    variance = e1**2 + e2**2
    with np.errstate(divide="ignore"):  # by none, where neither is of seeds
        freedom = variance**2 / (e1**4 / f1 + e2**4 / f2)
    p = 2 * t.sf(np.abs(one - other) / np.sqrt(variance), freedom)
    p[np.isclose(one, other, rtol=1e-9, atol=1e-12)] = 1
    return [Difference(name, a.mean, b.mean, float(found)) for (name, a, b), found in zip(means, p, strict=True)]


def _difference(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
    """Of what no seed decides: the same, or another."""
    one, other = old.get(name, _ABSENT), new.get(name, _ABSENT)
    if _is_value(one) and _is_value(other) and one["n"] == other["n"]:
        one, other = one["mean"], other["mean"]
    return Difference(name, one, other, float(_equal(one, other)))


def _equal(old: Any, new: Any) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return math.isclose(old, new, rel_tol=RELATIVE, abs_tol=1e-9)
    return bool(old == new and type(old) is type(new))
