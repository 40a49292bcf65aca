"""Compares a rebuild of the claims and the studies with the committed numbers: first by bytes, then by the spread over seeds.

On the same kind of machine a rebuild has the same bytes. On another processor trainings part ways in their last bits and end
elsewhere within the spread over seeds; then means are compared by Welch's t-test (Welch 1947), and the level is divided by the
number of means (Bonferroni), so that 5 % of sound rebuilds are called different at most.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from neural_odes.errors import UserError
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.names import StageName
from neural_odes.running import graph
from neural_odes.running.lockfile import md5_of

LEVEL = 0.05
RELATIVE = 1e-3  # of a number that no seed decides
_SEEDS = {"mean", "std", "n", "values"}
_ABSENT = "absent"
_DERIVED = "binomial_standard_error_pct"  # from a mean that is compared itself
_HEADLINES = "reports/metrics"  # means and half widths of numbers that reports/details has seed by seed
_COMPARED = (f"{_HEADLINES}/*.json", "reports/details/*.json", "studies/*/results/metrics.json")


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
        old, new = (f"{value:.5g}" if isinstance(value, float) else str(value) for value in (self.committed, self.rebuilt))
        return f"{self.name}: {old} → {new}"


@dataclass(frozen=True)
class Comparison:
    """Of a rebuild with what was committed.

    Attributes:
        verdict: identical (byte for byte), agrees (within the spread over seeds) or differs.
        means: how many means over seeds were compared.
        furthest: of them, the one that seeds explain worst.
        differing: what seeds do not explain, in the order of the files.
    """

    verdict: Literal["identical", "agrees", "differs"]
    means: int
    furthest: Difference | None
    differing: tuple[Difference, ...]

    @property
    def exit_code(self) -> int:
        return int(self.verdict == "differs")

    def lines(self, commit: str) -> list[str]:
        """In words."""
        if self.verdict == "identical":
            return [f"identical: all numbers are those of {commit}, byte for byte"]
        furthest = f"; the largest, {self.furthest} (p = {self.furthest.probability:.2g})" if self.furthest else ""
        if self.verdict == "agrees":
            return [f"agrees with {commit}: seeds explain the differences of {self.means} means{furthest}; all else is equal"]
        return [f"differs from {commit} in what seeds do not explain:", *(f"  {difference}" for difference in self.differing)]


def verify(root: Path, show: Callable[[str], str]) -> Comparison:
    """Compares the claims' headline numbers and details, and the studies' metrics, under ``root`` with the committed files.

    Args:
        show: the committed content of a path.

    Raises:
        UserError: a file is missing or damaged.
    """
    committed, rebuilt, same = {}, {}, True
    for path in sorted(path for pattern in _COMPARED for path in root.glob(pattern)):
        name = path.relative_to(root).as_posix()
        new, text = read_json(path), show(name)
        same = same and text.rstrip() == path.read_text(encoding="utf-8").rstrip()
        try:
            old = json.loads(text)
        except ValueError:
            raise UserError(f"{name}: not in that commit, or damaged there; name another commit") from None
        if not name.startswith(f"{_HEADLINES}/"):
            key = name.removesuffix(".json")
            rebuilt[key], committed[key] = new, old
    if same:
        return Comparison("identical", 0, None, ())
    return compare(committed, rebuilt)


@dataclass(frozen=True)
class Clone:
    """How far the outputs under a clone's root are a rebuild of what dvc.lock says.

    Attributes:
        altered: outputs that are missing or have other bytes, of pipelines that ran here.
        left_out: pipelines of which nothing that DVC's cache holds is here: they were not run; and those that read their results.
    """

    altered: tuple[str, ...]
    left_out: tuple[str, ...]

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
    wrong = [path for pipeline, path, md5, _ in outs if pipeline not in left_out and not (path.exists() and md5_of(path) == md5)]
    return Clone(tuple(sorted(path.relative_to(root.resolve()).as_posix() for path in wrong)), tuple(sorted(left_out)))


def compare(committed: Mapping[str, Any], rebuilt: Mapping[str, Any]) -> Comparison:
    """By the spread over seeds."""
    old, new = dict(leaves(committed)), dict(leaves(rebuilt))
    found = [_difference(name, old.get(name, _ABSENT), new.get(name, _ABSENT)) for name in old | new]
    over_seeds = [d for d in found if is_over_seeds(old.get(d.name)) and is_over_seeds(new.get(d.name))]
    level = LEVEL / max(1, len(over_seeds))
    differing = tuple(d for d in found if d.probability < level)
    furthest = min(over_seeds, key=lambda d: d.probability, default=None)
    return Comparison("differs" if differing else "agrees", len(over_seeds), furthest, differing)


def leaves(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Numbers, texts and values over seeds of a file of metrics, by dotted name; but for those that follow from others."""
    if isinstance(node, dict) and not is_over_seeds(node):
        children: Iterable[tuple[Any, Any]] = node.items()
    elif isinstance(node, list):
        children = enumerate(node)
    else:
        yield name, node
        return
    for key, child in children:
        if key != _DERIVED:
            yield from leaves(child, f"{name}.{key}".lstrip("."))


def is_over_seeds(node: Any) -> bool:
    """Whether it is a value over several seeds."""
    return isinstance(node, dict) and node.keys() == _SEEDS and node["n"] > 1


def _difference(name: str, old: Any, new: Any) -> Difference:
    if is_over_seeds(old) and is_over_seeds(new):
        return Difference(name, old["mean"], new["mean"], _welch(old, new))
    return Difference(name, old, new, float(_equal(old, new)))


def _welch(old: dict[str, Any], new: dict[str, Any]) -> float:
    """Probability that two means of normal samples, whose variances may differ, lie so far apart when the true ones do not."""
    if math.isclose(old["mean"], new["mean"], rel_tol=1e-9, abs_tol=1e-12):
        return 1.0
    from scipy.stats import ttest_ind_from_stats

    numbers = [value[key] for value in (old, new) for key in ("mean", "std", "n")]
    return float(ttest_ind_from_stats(*numbers, equal_var=False).pvalue)


def _equal(old: Any, new: Any) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return math.isclose(old, new, rel_tol=RELATIVE, abs_tol=1e-9)
    return bool(old == new and type(old) is type(new))
