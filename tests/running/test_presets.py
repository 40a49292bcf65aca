"""Presets keep comments, change only what they say, and leave every params.yaml alone where they would break one."""

import shutil

import pytest

from neural_odes import params, validation
from neural_odes.errors import UserError
from neural_odes.running import presets

PARAMS = """\
# Every knob.
seeds: [0, 1, 2]   # trainings

part:              # a section
  rate: 1.0e-2     # ours
  name: soap       # or adam
"""
STUDY = """\
part:
  sizes:
    all: [2, 8]    # units
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "presets").mkdir()
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "presets" / "report.yaml").write_text("part:\n  rate: 1.0e-3\n")
    (tmp_path / "presets" / "smoke.yaml").write_text("seeds: [0]\n")
    (tmp_path / "studies" / "wide").mkdir(parents=True)
    (tmp_path / "studies" / "wide" / "dvc.yaml").touch()
    (tmp_path / "studies" / "wide" / "params.yaml").write_text(STUDY)
    (tmp_path / "presets" / "both.yaml").write_text("part: {rate: 1.0e-3, sizes: {all: [2]}, new: 1}\n")
    monkeypatch.setattr(validation, "check_all", lambda root: None)
    return tmp_path


def test_an_overlay_changes_its_keys_and_keeps_comments(folder):
    assert presets.apply(folder, "report") == {"part.rate": "params.yaml"}
    before, after = PARAMS.splitlines(), (folder / "params.yaml").read_text().splitlines()
    assert [line for line in after if line not in before] == ["  rate: 1.0e-3     # ours"]
    assert len(before) == len(after)


def test_applied_twice_changes_nothing(folder):
    presets.apply(folder, "smoke")
    before = (folder / "params.yaml").read_bytes()
    assert presets.apply(folder, "smoke") == {}
    assert (folder / "params.yaml").read_bytes() == before


def test_an_unknown_preset_names_those_there_are(folder):
    with pytest.raises(UserError, match=r"presets/pape\.yaml: there is no such preset; known: both, report, smoke"):
        presets.apply(folder, "pape")


def test_each_key_goes_where_it_stands(folder):
    changed = presets.apply(folder, "both")
    study = "studies/wide/params.yaml"
    assert changed == {"part.rate": "params.yaml", "part.sizes.all": study, "part.new": "params.yaml"}
    assert (folder / study).read_text() == STUDY.replace("[2, 8]", "[2]   ")  # the comment stays where it is
    assert params.load(folder)["part"] == {"rate": 1e-3, "name": "soap", "new": 1, "sizes": {"all": [2]}}


def test_an_overlay_that_lies_elsewhere(folder, monkeypatch):
    """Its path is that of the working folder, or absolute; what cannot be read is called as it was typed."""
    (folder / "presets" / "report.yaml").rename(folder / "studies" / "wide" / "theirs.yaml")
    monkeypatch.chdir(folder / "studies")
    assert presets.apply(folder, "wide/theirs.yaml") == {"part.rate": "params.yaml"}
    assert presets.apply(folder, str(folder / "studies" / "wide" / "theirs.yaml")) == {}
    for name in ("wide/none.yaml", str(folder / "none.yaml"), "/nowhere/none.yaml"):
        with pytest.raises(UserError, match=f"^{name}: there is no such preset; known: both, smoke"):
            presets.apply(folder, name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("part: {rate: [", " line 1: .*"),
        ("", ": sections expected"),
        ("- seeds\n", ": sections expected"),
        ("3: [0]\n", ": sections expected"),
        ("a: !!int x\n", ": invalid literal"),
        ("a: 1\na: 2\n", " line 2: .*"),
    ],
)
@pytest.mark.parametrize("name", ["smoke", "theirs.yaml"])
def test_a_damaged_overlay_is_one_line_that_names_it(folder, monkeypatch, text, expected, name):
    file = "presets/smoke.yaml" if name == "smoke" else name
    monkeypatch.chdir(folder)
    (folder / file).write_text(text)
    with pytest.raises(UserError, match=f"^{file}{expected}.*; mend it, or take another: both, report, smoke$"):
        presets.apply(folder, name)
    assert (folder / "params.yaml").read_text() == PARAMS


def test_an_invalid_outcome_leaves_the_files_as_they_were(folder, monkeypatch):
    def refuse(root):
        assert params.load(root)["part"]["sizes"]["all"] == [2]
        raise UserError("params.yaml: no")

    monkeypatch.setattr(validation, "check_all", refuse)
    with pytest.raises(UserError):
        presets.apply(folder, "both")
    assert (folder / "params.yaml").read_text() == PARAMS
    assert (folder / "studies" / "wide" / "params.yaml").read_text() == STUDY


def test_every_committed_preset_is_valid(root, tmp_path):
    for name in presets.names(root):
        for path in (root / "params.yaml", root / "presets", *root.glob("studies/*/params.*"), *root.glob("studies/*/dvc.yaml")):
            target = tmp_path / name / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(path, target) if path.is_dir() else shutil.copy(path, target)
        assert presets.apply(tmp_path / name, name), name
