"""Presets keep comments, change only what they say, and leave params.yaml alone where they would break it."""

import pytest

from neural_odes import params, presets
from neural_odes.errors import UserError

PARAMS = """\
# Every knob.
seeds: [0, 1, 2]   # trainings

part:              # a section
  rate: 1.0e-2     # ours
  name: soap       # or adam
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "presets").mkdir()
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "presets" / "report.yaml").write_text("part:\n  rate: 1.0e-3\n")
    (tmp_path / "presets" / "smoke.yaml").write_text("seeds: [0]\n")
    monkeypatch.setattr(params, "check", lambda values: None)
    return tmp_path


def test_an_overlay_changes_its_keys_and_keeps_comments(folder):
    assert presets.apply(folder, "report") == ["part.rate"]
    before, after = PARAMS.splitlines(), (folder / "params.yaml").read_text().splitlines()
    assert [line for line in after if line not in before] == ["  rate: 1.0e-3     # ours"]
    assert len(before) == len(after)


def test_applied_twice_changes_nothing(folder):
    presets.apply(folder, "smoke")
    before = (folder / "params.yaml").read_bytes()
    assert presets.apply(folder, "smoke") == []
    assert (folder / "params.yaml").read_bytes() == before


def test_an_unknown_preset_names_those_there_are(folder):
    with pytest.raises(UserError, match=r"presets/pape\.yaml: there is no such preset; known: report, smoke"):
        presets.apply(folder, "pape")


def test_an_invalid_outcome_leaves_the_file_as_it_was(folder, monkeypatch):
    def refuse(values):
        raise UserError("params.yaml: no")

    monkeypatch.setattr(params, "check", refuse)
    with pytest.raises(UserError):
        presets.apply(folder, "report")
    assert (folder / "params.yaml").read_text() == PARAMS


def test_every_committed_preset_is_valid(root, tmp_path):
    for name in presets.names(root):
        (tmp_path / "params.yaml").write_text((root / "params.yaml").read_text())
        (tmp_path / "presets").symlink_to(root / "presets") if not (tmp_path / "presets").exists() else None
        assert presets.apply(tmp_path, name), name
