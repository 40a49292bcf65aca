"""Figures drawn again without DVC: in order, from their sources, and held against dvc.lock."""

import hashlib
from pathlib import Path

import pytest

from neural_odes.errors import UserError
from neural_odes.running.redraw import redraw

DVC_YAML = """\
stages:
  training: {cmd: python stages/train.py, outs: [weights]}
  compiled: {cmd: make, outs: [program]}
  a-page:
    cmd: python stages/page.py a
    deps: [figure.png]
    outs: [{page.html: {cache: false}}]
  a-figure:
    foreach: {figure: {}}
    do:
      cmd: python stages/figure.py ${key}
      deps: [source.txt]
      outs: [{"${key}.png": {cache: false}}]
"""
SCRIPTS = {
    "figure": "open('figure.png', 'w').write('drawn from ' + open('source.txt').read())",
    "page": "open('page.html', 'w').write('page of ' + open('figure.png').read())",
    "train": "raise SystemExit('this must not run')",
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "stages").mkdir()
    for name, text in SCRIPTS.items():
        (tmp_path / "stages" / f"{name}.py").write_text(text)
    (tmp_path / "dvc.yaml").write_text(DVC_YAML)
    (tmp_path / "params.yaml").write_text("seeds: [0]\n")
    (tmp_path / "source.txt").write_text("numbers")
    md5 = {
        name: hashlib.md5(text.encode()).hexdigest()
        for name, text in (("f", "drawn from numbers"), ("p", "page of drawn from numbers"))
    }
    (tmp_path / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n"
        f"  a-figure@figure: {{cmd: x, outs: [{{path: figure.png, md5: {md5['f']}}}]}}\n"
        f"  a-page: {{cmd: x, outs: [{{path: page.html, md5: {md5['p']}}}]}}\n"
    )
    return tmp_path


def test_the_page_follows_its_figure_and_nothing_is_trained(clone):
    found = redraw(clone, cores=2)
    assert set(found.files) == {"figure.png", "page.html"} and not found.differing
    assert (clone / "page.html").read_text() == "page of drawn from numbers"


def test_what_differs_is_named(clone):
    (clone / "source.txt").write_text("other numbers")
    assert set(redraw(clone, cores=1).differing) == {"figure.png", "page.html"}


def test_what_a_stage_that_is_gone_made_is_not_expected(clone):
    """DVC keeps its entry: the figure under an earlier name of its stage, and one that nothing draws any more."""
    gone = "  gone@figure: {cmd: x, outs: [{path: figure.png, md5: old}]}\n  old: {cmd: x, outs: [{path: old.png, md5: old}]}\n"
    with (clone / "dvc.lock").open("a") as lock:
        lock.write(gone)
    found = redraw(clone, cores=1)
    assert set(found.files) == {"figure.png", "page.html"} and not found.differing


def test_a_damaged_dvc_yaml_is_one_line(clone):
    (clone / "dvc.yaml").write_text("stages: [")
    with pytest.raises(UserError, match=r"^dvc\.yaml line \d+: .*; git diff dvc\.yaml shows what changed$"):
        redraw(clone, cores=1)


def test_a_failure_has_its_own_words(clone):
    """A stage ends with its name in front."""
    said = "error: a-figure@figure: source.txt: damaged"
    (clone / "stages" / "figure.py").write_text(f"raise SystemExit({said!r})")
    with pytest.raises(UserError, match=r"^a-figure@figure: source\.txt: damaged$"):
        redraw(clone, cores=2)
