"""The stage graph, as DVC resolves it from dvc.yaml and params.yaml."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from hashlib import sha256
from pathlib import Path

from neural_odes import params


@dataclass(frozen=True)
class Stage:
    """An instance of a stage.

    Attributes:
        parents: names of the stages whose outputs it depends on.
        expensive: all its outputs are in DVC's cache, so that the run cache can restore them in any clone.
        threads: that it computes on, as params.yaml has them for its claim.
        gpus: that it can use, as ``meta`` in dvc.yaml has them for its kind.
        key: of its name, its parameters and those of its ancestors; the same key in the same commit is the same result.
        made: paths of its outputs.
    """

    name: str
    parents: tuple[str, ...]
    expensive: bool
    threads: int
    gpus: float
    key: str
    made: tuple[str, ...]


def read(root: Path) -> dict[str, Stage]:
    """All stages under ``root`` by name, in dvc.yaml's order."""
    from dvc.dependency import ParamsDependency
    from dvc.repo import Repo

    values = params.read(root / params.FILE)
    found: dict[str, Stage] = {}
    with Repo(str(root)) as repo:
        graph = repo.index.graph
        stages = {stage.name: stage for stage in repo.index.stages}
        parents = {name: tuple(sorted(p.name for p in graph.successors(stage))) for name, stage in stages.items()}
        for name in TopologicalSorter(parents).static_order():
            stage = stages[name]
            asked = [dep.read_params() for dep in stage.deps if isinstance(dep, ParamsDependency)]
            identity = [name, asked, [found[parent].key for parent in parents[name]]]
            section = values.get(name.partition("-")[0])
            found[name] = Stage(
                name=name,
                parents=parents[name],
                expensive=all(out.use_cache for out in stage.outs),
                threads=section["threads"] if isinstance(section, dict) else 1,
                gpus=float((stage.meta or {}).get("gpus", 0)),
                key=sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest(),
                made=tuple(out.def_path for out in stage.outs),
            )
    return {name: found[name] for name in stages}


def affected(stages: Mapping[str, Stage], changed: set[str]) -> list[str]:
    """The expensive stages that changed or depend on such, parents first."""
    found: dict[str, None] = {}
    for name in TopologicalSorter({name: stage.parents for name, stage in stages.items()}).static_order():
        stage = stages[name]
        if stage.expensive and (name in changed or any(parent in found for parent in stage.parents)):
            found[name] = None
    return list(found)
