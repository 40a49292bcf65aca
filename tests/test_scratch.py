"""Scratch copies: whose downloads they use."""

import pytest

from neural_odes import scratch


@pytest.mark.parametrize(("named", "folder"), [(None, "{}/.cache"), ("kept", "{}/kept"), ("/disk/kept", "/disk/kept")])
def test_a_copy_shares_the_cache_folder_of_the_project(tmp_path, monkeypatch, named, folder):
    monkeypatch.delenv("NEURAL_ODES_CACHE", raising=False)
    if named:
        monkeypatch.setenv("NEURAL_ODES_CACHE", named)
    assert scratch.shared(tmp_path) == {"NEURAL_ODES_CACHE": folder.format(tmp_path)}
