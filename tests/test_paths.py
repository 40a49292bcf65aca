"""Where things lie in a clone."""

import subprocess

from neural_odes import params, paths
from neural_odes.pipeline.names import declared


def test_git_brings_back_what_it_does_not_ignore(root):
    """Of all that stages make."""
    values = params.load(root)
    outs = [out for folder in paths.pipelines(root) for stage in declared(root, folder, values) for out in stage.outs]
    asked = ["git", "-C", str(root), "check-ignore", "--no-index", "--stdin"]
    ignored = subprocess.run(asked, input="\n".join(f"{out}/x" for out in outs), capture_output=True, text=True, check=True)
    for out in outs:
        by_dvc = f"{out}/x" in ignored.stdout.splitlines()
        assert paths.brings_back(root / out / "x") == ("dvc checkout" if by_dvc else f"git checkout {out}/x")


def test_outside_a_clone_only_dvc_may_know(tmp_path):
    assert paths.brings_back(tmp_path / "reports" / "x.json") == "dvc checkout"
