"""Names of stages are read in one place; templates of dvc.yaml are filled in as DVC fills them."""

from pathlib import Path

import pytest
from dvc.repo import Repo

from neural_odes import params, paths
from neural_odes.pipeline.names import StageName, declared


@pytest.mark.parametrize(
    ("address", "folder", "base", "instance", "pipeline"),
    [
        ("check", "", "check", "", ""),
        ("density-train@cnf-0", "", "density-train", "cnf-0", ""),
        (
            "studies/widths/dvc.yaml:density-widths@moons-planar-2-0",
            "studies/widths",
            "density-widths",
            "moons-planar-2-0",
            "widths",
        ),
        ("benchmarks/dvc.yaml:benchmarks-page", "benchmarks", "benchmarks-page", "", "benchmarks"),
    ],
)
def test_an_address_and_its_parts(address, folder, base, instance, pipeline):
    name = StageName.parse(address)
    assert (name.folder, name.base, name.instance, name.pipeline) == (folder, base, instance, pipeline)
    assert name.address == address


def test_the_root_by_its_file():
    assert StageName.parse("dvc.yaml:check") == StageName("", "check", "")


def test_every_stage_is_declared_as_dvc_resolves_it(root):
    """Names, commands, dependencies, parameters and outputs, beside DVC's own reading."""
    values = params.load(root)
    ours = {stage.name.address: stage for folder in paths.pipelines(root) for stage in declared(root, folder, values)}
    with Repo(str(root)) as repo:
        theirs = {stage.addressing: stage for stage in repo.index.stages}
        assert ours.keys() == theirs.keys()
        for name, stage in theirs.items():
            mine = ours[name]
            files = {_from_root(root, dep.fs_path) for dep in stage.deps if not hasattr(dep, "params")}
            asked = {parameter for dep in stage.deps if hasattr(dep, "params") for parameter in dep.params}
            assert mine.command == stage.cmd
            assert set(mine.deps) == files and set(mine.parameters) == asked
            assert set(mine.outs) == {_from_root(root, out.fs_path) for out in stage.outs}


def _from_root(root: Path, path: str) -> str:
    return Path(path).relative_to(root).as_posix()
