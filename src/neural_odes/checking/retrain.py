"""Trains one published model again, in a scratch copy, and holds what comes out against the committed weights."""

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from neural_odes import params, paths, variables
from neural_odes.checking.verify import LEVEL, is_over_seeds, leaves
from neural_odes.errors import UserError
from neural_odes.loading import PUBLISHED, check_current, default_model, published_training
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
    """Makes the data, trains the committed model of a claim from the start, and scores it where its weights are other bytes.

    Raises:
        UserError: there is no such claim, no committed model of it, or params.yaml asks for another; or a stage failed.
    """
    model = default_model(claim)
    committed = root / PUBLISHED / claim / weights.FILE
    if not committed.is_file():
        raise UserError(f"{committed}: missing; bring it back with: git checkout {paths.from_root(root, committed)}")
    seed = published_training(committed.parent).instance["seed"]
    _check_asked_for(root, committed.parent, seed)
    training = f"{model}-{seed}"
    with tempfile.TemporaryDirectory(prefix="neural-odes-retrain-") as folder:
        target = Path(folder) / "clone"
        scratch.copy(root, target)
        cache = _with_downloads(root, target / ".cache")
        environment = scratch.environment(target) | {variables.CACHE: str(cache), variables.TRACKING: "off"}
        call.dvc(target, environment, "repro", f"{claim}-data")
        # A cache that clones of this machine share has the weights of an earlier training.
        call.dvc(target, environment, "repro", "--force", "--single-item", f"{claim}-train@{training}")
        trained = target / "models" / claim / training / weights.FILE
        if trained.read_bytes() == committed.read_bytes():
            return Retrained("identical", f"{claim}: the weights of {PUBLISHED}/{claim} came out byte for byte")
        call.dvc(target, environment, "repro", f"{claim}-evaluate@{training}")
        found = read_json(target / "evaluations" / claim / training / "metrics.json")
        return judge(claim, model, read_json(root / f"reports/details/{claim}.json"), found)


def _check_asked_for(root: Path, published: Path, seed: int) -> None:
    """Otherwise another model would be trained."""
    values = params.load(root)
    again = f"neural-odes repro publish@{published.name}"
    check_current(published, root, values, again)
    if seed not in params.section(values, "seeds", params.Seeds):
        raise UserError(
            f"{params.FILE}: seeds has no {seed}, of which the weights of {published} are; add it, or make others with: {again}"
        )


def judge(claim: str, model: str, details: Mapping[str, Any], found: Mapping[str, Any]) -> Retrained:
    """Whether scores lie in the prediction intervals that the committed seeds give for one more: mean ± t · s · √(1 + 1/n), their
    level divided by their number (Bonferroni).

    Args:
        details: values over seeds, under the model's name somewhere in their own. Those that seeds do not change are left out:
            a count that was the same three times says nothing of another machine.
        found: scores of the new training.

    Raises:
        UserError: there is no spread to compare with.
    """
    from scipy.stats import t

    compared = {}
    for name, value in leaves(details):
        parts = name.split(".")
        own = ".".join(part for part in parts if part != model)
        if model in parts and is_over_seeds(value) and value["std"] > 0 and params.has(found, own):
            compared[own] = value
    other = f"{claim}: the bytes differ (another kind of machine, versions or code)"
    if not compared:
        raise UserError(f"{other}, and reports/details/{claim}.json has no spread over seeds to compare with")
    outside = []
    for name, value in compared.items():
        new = float(params.lookup(found, name))
        n, level = value["n"], LEVEL / len(compared)
        half = float(t.ppf(1 - level / 2, n - 1)) * value["std"] * math.sqrt(1 + 1 / n)
        if abs(new - value["mean"]) > half:
            outside.append(f"{name} = {new:.5g}, committed {value['mean']:.5g} ± {half:.2g}")
    if outside:
        return Retrained("differs", f"{other}, and seeds do not explain {paths.and_more(outside)}")
    return Retrained("agrees", f"{other}; all {len(compared)} scores lie within the spread over seeds")


def _with_downloads(root: Path, cache: Path) -> Path:
    """A cache that has the official images, which are held against their checksums wherever they lie, and no checkpoint."""
    cache.mkdir()
    for name in ("mnist", "cifar10"):
        if (own := paths.cache(root) / name).is_dir():
            (cache / name).symlink_to(own.resolve(), target_is_directory=True)
    return cache
