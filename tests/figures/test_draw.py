"""One figure: its module is found by its name, its source is what the stage declares, and its record is of nothing else."""

import sys

import pytest

from neural_odes import params, paths
from neural_odes.errors import UserError
from neural_odes.figures import seal
from neural_odes.figures.draw import draw
from neural_odes.pipeline import names
from neural_odes.pipeline.stage import Stage

MODULE = """
import numpy as np
from neural_odes.figures import style

def draw(source):
    drawn, ax = style.new(size=(1, 1))
    ax.plot(np.loadtxt(source / "points.csv"))
    return drawn

def frames(source):
    for _ in range(2):
        yield style.pixels(draw(source)), 50
"""
DVC_YAML = """
stages:
  {study}-figure:
    foreach: {{a-line: {{}}}}
    do:
      cmd: python ../../stages/figure.py {study} ${{key}}
      deps: [{deps}]
      outs: [{outs}]
"""


@pytest.fixture
def study(tmp_path, monkeypatch, request):
    """A study of one figure; named after the test, because modules stay imported."""
    (tmp_path / ".dvc").mkdir()
    name = request.node.originalname
    folder = tmp_path / "studies" / name
    for part in ("figures", "results/source/a-line", "kept"):
        (folder / part).mkdir(parents=True)
    (folder / "figures" / "a_line.py").write_text(MODULE)
    for source in ("results/source/a-line", "kept"):
        (folder / source / "points.csv").write_text("0\n1\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "studies", raising=False)
    yield folder
    for module in [module for module in sys.modules if module.partition(".")[0] == "studies"]:
        del sys.modules[module]


def _stage(study, *, deps="results/source/a-line, figures/a_line.py, ../../stages/figure.py", outs="results/figures/a-line.png"):
    (study / "dvc.yaml").write_text(DVC_YAML.format(study=study.name, deps=deps, outs=outs))
    return Stage(f"python ../../stages/figure.py {study.name} a-line", study)


def test_every_declared_file_is_written_with_the_record_of_the_source(study):
    draw(_stage(study, outs="results/figures/a-line.png, results/figures/a-line.svg"), study.name, "a-line")
    for suffix in ("png", "svg"):
        found = seal.read(study / "results" / "figures" / f"a-line.{suffix}")
        assert found.intact
        assert list(found.record.data) == [f"studies/{study.name}/results/source/a-line"]


def test_an_animation(study):
    draw(_stage(study, outs="results/figures/a-line.gif"), study.name, "a-line")
    assert seal.read(study / "results" / "figures" / "a-line.gif").intact


def test_from_a_folder_that_is_kept_or_from_files_of_one(study):
    for deps in ("kept", "kept/points.csv"):
        draw(_stage(study, deps=deps), study.name, "a-line")
        assert list(seal.read(study / "results/figures/a-line.png").record.data) == [f"studies/{study.name}/{deps}"]


@pytest.mark.parametrize("deps", ["figures/a_line.py", "kept, results/source/a-line"])
def test_one_source_it_must_be(study, deps):
    with pytest.raises(UserError, match="must declare one folder to draw from"):
        draw(_stage(study, deps=deps), study.name, "a-line")


def test_a_figure_without_a_module(study):
    with pytest.raises(UserError, match=rf"needs a module studies\.{study.name}\.figures\.a_dot, and there is none"):
        draw(_stage(study), study.name, "a-dot")


def test_every_figure_of_a_pipeline_is_found(root):
    """Of claims, studies and benchmarks alike: this was missed for benchmarks, whose pipeline has a folder but is no study."""
    values, found = params.load(root), 0
    for folder in paths.pipelines(root):
        for declared in names.declared(root, folder, values):
            _, script, *arguments = declared.command.split()
            if script.endswith("stages/figure.py"):
                package, figure = arguments
                module = Stage(declared.command, folder).module(package, f"figures.{figure.replace('-', '_')}")
                assert hasattr(module, "draw") or hasattr(module, "frames")
                found += 1
    assert found > 20
