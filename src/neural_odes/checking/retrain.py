"""Trains one published model again, in a scratch copy, and holds what comes out against the committed weights."""

import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from neural_odes import params, paths
from neural_odes.checking.verify import LEVEL
from neural_odes.errors import UserError
from neural_odes.loading import DEFAULTS, PUBLISHED
from neural_odes.pipeline import weights
from neural_odes.pipeline.metrics import read_json
from neural_odes.running import call, scratch


@dataclass(frozen=True)
class Retrained:
    """What came out.

    Attributes:
        verdict: identical (the bytes of the weights), agrees (each score lies where those of further seeds would) or differs.
        reason: the verdict in a sentence.
    """

    verdict: Literal["identical", "agrees", "differs"]
    reason: str

    @property
    def exit_code(self) -> int:
        return int(self.verdict == "differs")


def retrain(root: Path, claim: str) -> Retrained:
    """Makes the data, trains the model of a claim on the first seed, and scores it where its weights are other bytes.

    Raises:
        UserError: there is no such claim, no committed model of it, or a stage failed.
    """
    if claim not in DEFAULTS:
        raise UserError(f"{claim}: there is no such claim; known: {', '.join(DEFAULTS)}")
    committed = root / PUBLISHED / claim / weights.FILE
    if not committed.is_file():
        raise UserError(f"{committed}: missing; bring it back with: git checkout {paths.from_root(root, committed)}")
    model = DEFAULTS[claim]
    instance = f"{model}-{params.read(root / params.FILE)['seeds'][0]}"
    with tempfile.TemporaryDirectory(prefix="neural-odes-retrain-") as folder:
        target = Path(folder) / "clone"
        scratch.copy(root, target)
        environment = scratch.environment(target) | {"NEURAL_ODES_TRACKING": "off"}
        _lend_downloads(root, target)
        call.dvc(target, environment, "repro", f"{claim}-train@{instance}")
        trained = target / "models" / claim / instance / weights.FILE
        if trained.read_bytes() == committed.read_bytes():
            return Retrained("identical", f"{claim}: the weights of {PUBLISHED}/{claim} came out byte for byte")
        call.dvc(target, environment, "repro", f"{claim}-evaluate@{instance}")
        found = read_json(target / "evaluations" / claim / instance / "metrics.json")
        return judge(claim, model, read_json(root / f"reports/details/{claim}.json"), found)


def judge(claim: str, model: str, details: Mapping[str, Any], found: Mapping[str, Any]) -> Retrained:
    """Whether scores lie in the prediction intervals that the committed seeds give for one more: mean ± t · s · √(1 + 1/n), their
    level divided by their number (Bonferroni).

    Args:
        details: values over seeds, under the model's name somewhere in their own.
        found: scores of the new training.
    """
    from scipy.stats import t

    compared = {name: value for name, value in _over_seeds(details, model) if params.has(found, name)}
    outside = []
    for name, value in compared.items():
        new = float(params.lookup(found, name))
        n, level = value["n"], LEVEL / len(compared)
        half = float(t.ppf(1 - level / 2, n - 1)) * value["std"] * math.sqrt(1 + 1 / n) if n > 1 else 0.0
        if abs(new - value["mean"]) > half + 1e-12:
            outside.append(f"{name} = {new:.5g}, committed {value['mean']:.5g} ± {half:.2g}")
    other = f"{claim}: other bytes came out (another kind of machine, versions or code)"
    if outside:
        return Retrained("differs", f"{other}, and seeds do not explain {paths.and_more(outside)}")
    return Retrained("agrees", f"{other}; all {len(compared)} scores lie within the spread over seeds")


def _over_seeds(node: Mapping[str, Any], model: str, name: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """Values over seeds of a model, by the name that its evaluation has for them."""
    for key, value in node.items():
        if not isinstance(value, dict):
            continue
        if value.keys() >= {"mean", "std", "n"}:
            if model in name:
                yield ".".join(part for part in (*name, key) if part != model), value
        else:
            yield from _over_seeds(value, model, (*name, key))


def _lend_downloads(root: Path, target: Path) -> None:
    """The official images, which are held against their checksums wherever they lie; no checkpoint."""
    for name in ("mnist", "cifar10"):
        if (own := paths.cache(root) / name).is_dir():
            (target / ".cache").mkdir(exist_ok=True)
            (target / ".cache" / name).symlink_to(own.resolve(), target_is_directory=True)
