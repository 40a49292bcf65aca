"""What users of DVC do, one case a line: each command does here what it does in any project of theirs.

All on the density claim, far smaller than the preset smoke, in a folder with a space and letters beyond ASCII in its name, and
with the code of another clone before its own on Python's path.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import clones
import numpy as np
import pytest

from neural_odes.running import lockfile, scratch

pytestmark = pytest.mark.slow
TINY = """
density:
  data: {train_size: 400, validation_size: 200, test_size: 200}
  train: {steps: 4, batch_size: 32, warmup_steps: 1, validate_every: 2}
  models: {gmm: {components: [1], train_size: 200}, kde: {train_size: 200, test_size: 100}}
  evaluate: {grid_spacing: 0.2, samples: 20}
  animation: {frames: 2}
  report:
    data: {train_size: 400, validation_size: 100, test_size: 100}
    train: {steps: 4, batch_size: 32, warmup_steps: 1, validate_every: 2}
"""
POINTS = "data/density/train.npy"
STUDY = "studies/density_baselines"
GMM = f"{STUDY}/evaluations/gmm/metrics.json"


@pytest.fixture(scope="module")
def another(tmp_path_factory) -> Path:
    """The code of another clone, which is not to be run."""
    folder = tmp_path_factory.mktemp("another")
    (folder / "neural_odes").mkdir()
    (folder / "neural_odes" / "__init__.py").write_text("raise RuntimeError('the code of another clone')\n")
    return folder


@pytest.fixture(scope="module")
def dvc(another):
    """Calls DVC in a clone as a user does; what it says."""

    def call(folder: Path, *arguments: str, code: int = 0, **environment: str) -> str:
        own = {"PYTHONPATH": str(another), "NEURAL_ODES_TRACKING": "off", "COLUMNS": "160", "GIT_CONFIG_GLOBAL": os.devnull}
        return clones.run(folder, "dvc", *arguments, code=code, **own | environment)

    return call


@pytest.fixture(scope="module")
def made(root, dvc, tmp_path_factory) -> Path:
    """The claim and a model of a study, made and not committed. To be read only."""
    home = tmp_path_factory.mktemp("users")
    folder = home / "drei Thesen, überall"
    (home / "tiny.yaml").write_text(TINY)
    scratch.afresh(root, folder, "smoke", str(home / "tiny.yaml"))
    dvc(folder, "repro", "density-summarise", f"{STUDY}/dvc.yaml:density-baseline@gmm")
    return folder


@pytest.fixture(scope="module")
def kept(made, tmp_path_factory) -> Path:
    """The same, committed. To be read only."""
    folder = clones.copied(made, tmp_path_factory.mktemp("kept") / made.name)
    scratch.commit(folder, "Results")
    return folder


@pytest.fixture
def clone(kept, tmp_path) -> Path:
    """A copy of ``kept`` to be changed."""
    return clones.copied(kept, tmp_path / kept.name)


@pytest.fixture(scope="module")
def tried(kept, dvc, tmp_path_factory) -> Path:
    """A copy with experiments: three queued, one of them an edit of the code; one apart, one here. To be read only."""
    folder = clones.copied(kept, tmp_path_factory.mktemp("tried") / "three claims")  # DVC 3.67 queues nothing beyond ASCII
    for number in (350, 360):
        key = f"density.data.train_size={number}"
        dvc(folder, "exp", "run", "--queue", "--name", f"queued-{number}", "-S", key, "density-data")
    change(folder, "points)", "points * 2)", "src/neural_odes/density/data.py")
    dvc(folder, "exp", "run", "--queue", "--name", "edited", "density-data")
    git(folder, "checkout", ".")
    dvc(folder, "queue", "start", "-j", "2")
    dvc(folder, "exp", "run", "--temp", "--name", "apart", "-S", "density.data.train_size=370", "density-data")
    assert is_clean(folder)
    deadline = time.monotonic() + 300
    while len(dvc(folder, "exp", "list", "--name-only").split()) < 4 and time.monotonic() < deadline:
        time.sleep(1)
    dvc(folder, "exp", "run", "--name", "here", *SEVERAL, "density-data")
    return folder


SEVERAL = ("-S", "density.data.train_size=380", "-S", "density.data.noise=0.2")


def is_clean(folder: Path) -> bool:
    return not git(folder, "status", "--short")


def git(folder: Path, *arguments: str) -> str:
    return clones.run(folder, "git", *arguments)


def size(folder: Path) -> int:
    """Of the training points that are there."""
    return len(np.load(folder / POINTS))


def stale(folder: Path, dvc) -> set[str]:
    """Stages that have been run, and would run again."""
    made = ("density-summarise", f"{STUDY}/dvc.yaml:density-baseline@gmm")
    return set(json.loads(dvc(folder, "status", "--json", "--with-deps", *made)))


def change(folder: Path, old: str, new: str, file: str = "params.yaml") -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


SIZE = "train_size: 400"


def listed(folder: Path, dvc) -> dict[str, dict]:
    """The experiments of the last commit, by name: what DVC has for programs of each."""
    (commit,) = (found for found in json.loads(dvc(folder, "exp", "show", "--json")) if found["rev"] != "workspace")
    return {one["name"]: one["revs"][0]["data"] for one in commit["experiments"]}


def test_exp_run_with_several_keys(tried):
    """In the workspace, where it stays."""
    assert size(tried) == 380 and "noise: 0.2" in git(tried, "diff", "params.yaml")


def test_exp_run_queue_and_queue_start_on_two_workers(tried, dvc):
    assert dvc(tried, "queue", "status").count("Success") == 3
    sizes = {
        name: data["params"]["params.yaml"]["data"]["density"]["data"]["train_size"] for name, data in listed(tried, dvc).items()
    }
    assert sizes == {"queued-350": 350, "queued-360": 360, "edited": 400, "apart": 370, "here": 380}
    made = {data["outs"]["data/density"]["hash"] for data in listed(tried, dvc).values()}
    assert len(made) == 5


def test_exp_show_is_readable(tried, dvc):
    """On a screen of 160 columns: what differs, and no column cut."""
    said = dvc(tried, "exp", "show", "--only-changed", "--no-pager")
    assert "density.data.noise" in said and "[queued-350]" in said and "…" not in said
    assert max(map(len, said.splitlines())) <= 160


def test_there_are_few_metrics(made, dvc):
    numbers = [line for line in dvc(made, "exp", "show", "--csv").splitlines()[0].split(",") if "." in line]
    metrics = json.loads(dvc(made, "metrics", "show", "--json"))[""]["data"]
    assert 0 < sum(len(group) for file in metrics.values() for group in file["data"].values()) <= 24 < len(numbers)


def apply(folder: Path, name: str, dvc) -> None:
    """DVC brings all back that there is; it complains of the other claims, which were never made here."""
    said = dvc(folder, "exp", "apply", name, code=255)
    assert "Checkout failed for following targets" in said and "data/density\n" not in said


@pytest.mark.parametrize("name", ["queued-350", "apart"])
def test_exp_apply(tried, dvc, tmp_path, name):
    folder = clones.copied(tried, tmp_path / tried.name)
    git(folder, "checkout", ".")
    apply(folder, name, dvc)
    assert size(folder) == {"queued-350": 350, "apart": 370}[name]
    assert json.loads(dvc(folder, "status", "--json", "density-data")) == {}


def test_exp_apply_of_an_edit_of_the_code_that_was_queued_and_taken_back(tried, kept, dvc, tmp_path):
    """It ran with the edit."""
    folder = clones.copied(tried, tmp_path / tried.name)
    git(folder, "checkout", ".")
    apply(folder, "edited", dvc)
    assert "points * 2" in git(folder, "diff", "src") and json.loads(dvc(folder, "status", "--json", "density-data")) == {}
    assert np.array_equal(np.load(folder / POINTS), 2 * np.load(kept / POINTS))


def test_repro_in_a_worktree(clone, kept, dvc, tmp_path):
    """With its own code, and nothing of it in the clone that it belongs to."""
    tree = tmp_path / "tree"
    git(clone, "worktree", "add", "--detach", str(tree))
    change(tree, "points)", "points * 2)", "src/neural_odes/density/data.py")
    assert "density-data" in clones.ran(dvc(tree, "repro", "density-data"))
    assert np.array_equal(np.load(tree / POINTS), 2 * np.load(kept / POINTS))
    assert is_clean(clone) and size(clone) == 400


def test_exp_branch(tried, dvc, tmp_path):
    folder = clones.copied(tried, tmp_path / tried.name)
    git(folder, "checkout", ".")
    dvc(folder, "exp", "branch", "queued-360", "sixty")
    git(folder, "checkout", "sixty")
    dvc(folder, "checkout", "data/density")
    assert size(folder) == 360 and is_clean(folder)


def test_exp_diff(tried, dvc):
    assert re.search(r"density.data.train_size\s+350\s+360\s+10", dvc(tried, "exp", "diff", "queued-350", "queued-360"))


def test_exp_run_on_a_detached_head(clone, dvc):
    git(clone, "checkout", "--detach")
    dvc(clone, "exp", "run", "--name", "loose", *SEVERAL, "density-data")
    assert size(clone) == 380 and list(listed(clone, dvc)) == ["loose"]


def test_exp_run_in_a_study(clone, dvc):
    """On the parameters of the study, and of nothing else."""
    key = "density.models.gmm.components=[2]"
    said = dvc(clone / STUDY, "exp", "run", "--name", "two", "-S", key, "density-baseline@gmm")
    assert clones.ran(said) == {"density-baseline@gmm"}
    assert "[2]" in dvc(clone / STUDY, "params", "diff") and "density.models.gmm.components" in dvc(clone / STUDY, "exp", "diff")
    assert not git(clone, "diff", "params.yaml")


def test_exp_run_that_is_interrupted_goes_on(clone, another):
    """Ctrl-C, which every process of a terminal hears: what was edited stays, and nothing is in the way of another try."""
    change(clone, "steps: 4", "steps: 100000")
    begun = started(clone, another, "exp", "run", "density-train")
    wait_for(clone / ".cache", "*.lock")
    os.killpg(begun.pid, signal.SIGINT)
    said = begun.communicate(timeout=60)[0]
    assert begun.returncode != 0 and "interrupted; dvc repro goes on" in said and "Traceback" not in said, said
    assert "steps: 100000" in git(clone, "diff", "params.yaml")
    git(clone, "checkout", "params.yaml")
    assert "cached" in clones.run(clone, "dvc", "exp", "run", "density-train", NEURAL_ODES_TRACKING="off")


def started(folder: Path, another: Path, *command: str) -> subprocess.Popen[str]:
    own = scratch.environment(folder) | {"PYTHONPATH": str(another), "NEURAL_ODES_TRACKING": "off"}
    return subprocess.Popen(
        ["dvc", *command],
        cwd=folder,
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(folder: Path, pattern: str) -> None:
    deadline = time.monotonic() + 60
    while not any(folder.rglob(pattern)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_repro_after_a_repro_that_was_killed(clone, dvc, another):
    change(clone, "steps: 4", "steps: 100000")
    begun = started(clone, another, "repro", "density-train")
    wait_for(clone / ".cache", "*.lock")
    os.killpg(begun.pid, signal.SIGKILL)
    begun.communicate(timeout=60)
    git(clone, "checkout", "params.yaml")
    assert "cached" in dvc(clone, "repro", "density-train")
    assert stale(clone, dvc) == set()


def test_params_diff(clone, dvc):
    change(clone, SIZE, "train_size: 390")
    (changed,) = json.loads(dvc(clone, "params", "diff", "--json"))["params.yaml"].items()
    assert changed == ("density.data.train_size", {"old": 400, "new": 390, "diff": -10})


def test_params_diff_in_a_study(clone, dvc):
    change(clone, "components: [1]", "components: [3]", f"{STUDY}/params.yaml")
    assert list(json.loads(dvc(clone / STUDY, "params", "diff", "--json"))) == ["params.yaml"]
    assert list(json.loads(dvc(clone, "params", "diff", "--json"))) == [f"{STUDY}/params.yaml"]


def test_metrics_diff(made, dvc):
    for folder, name in ((made, "reports/metrics/density.json"), (made / STUDY, "../../reports/metrics/density.json")):
        found = json.loads(dvc(folder, "metrics", "diff", "--json"))[name]
        assert "moons.nll" in found and found["moons.nll"]["diff"]


def test_plots_diff(made, dvc, tmp_path):
    dvc(made, "plots", "diff", "--out", str(tmp_path))
    page = (tmp_path / "index.html").read_text()
    assert "Density: training curves" in page and "workspace" in page and "HEAD" in page


def test_gc_takes_nothing_that_is_needed_later(clone, dvc):
    """What the workspace's dvc.lock name stays: of every pipeline, and in the run cache."""
    objects = clone / ".dvc" / "cache" / "files"
    before = {path for path in objects.rglob("*") if path.is_file()}
    change(clone, SIZE, "train_size: 390")
    dvc(clone, "repro", "density-data")
    git(clone, "checkout", ".")
    dvc(clone / STUDY, "gc", "--workspace", "--force")
    assert {path for path in objects.rglob("*") if path.is_file()} == before
    for name in ("data", "models", "evaluations", f"{STUDY}/evaluations"):
        shutil.rmtree(clone / name)
    said = dvc(clone, "repro", "density-summarise", f"{STUDY}/dvc.yaml:density-baseline@gmm")
    assert not clones.ran(said) and size(clone) == 400 and is_clean(clone)


@pytest.mark.parametrize("kind", ["symlink", "hardlink", "copy"])
def test_links_to_the_cache(clone, dvc, kind):
    """A stage that makes its outputs anew leaves the cache as it was, and DVC brings the old ones back."""
    dvc(clone, "config", "cache.type", kind)
    dvc(clone, "checkout", "--relink", "data/density")
    own = (clone / POINTS).lstat()
    assert (own.st_nlink == 2, (clone / POINTS).is_symlink()) == (kind == "hardlink", kind == "symlink")
    change(clone, SIZE, "train_size: 390")
    dvc(clone, "repro", "density-data")
    assert size(clone) == 390
    git(clone, "checkout", "params.yaml", "dvc.lock")
    dvc(clone, "checkout", "data/density")
    assert size(clone) == 400 and stale(clone, dvc) == set()
    assert damaged(clone) == []


def damaged(clone: Path) -> list[Path]:
    """Files of the cache whose content is not what their name says."""
    files = [path for path in (clone / ".dvc/cache/files/md5").rglob("*") if path.is_file() and path.suffix != ".dir"]
    return [path for path in files if lockfile.md5_of(path) != path.parent.name + path.name]


def test_checkout(clone, dvc):
    shutil.rmtree(clone / "data" / "density")
    (clone / GMM).write_text("{}")
    dvc(clone, "checkout", "--force", "data/density", f"{STUDY}/evaluations/gmm")
    assert size(clone) == 400 and json.loads((clone / GMM).read_text())
    assert stale(clone, dvc) == set()


def test_push_fetch_and_pull_over_a_folder_into_a_shallow_clone(clone, dvc, tmp_path):
    dvc(clone, "remote", "add", "--default", "group", str(tmp_path / "of the group"))
    scratch.commit(clone, "Remote")
    made = ("density-summarise", f"{STUDY}/dvc.yaml:density-baseline@gmm")
    dvc(clone, "push", "--run-cache", "--with-deps", *made)
    other = tmp_path / "another clone"
    git(tmp_path, "clone", "--quiet", "--depth", "1", clone.as_uri(), str(other))
    dvc(other, "fetch", "data/density")
    assert not (other / POINTS).exists()
    dvc(other, "pull", "--with-deps", *made)
    assert size(other) == 400 and stale(other, dvc) == set()
    assert not clones.ran(dvc(other, "repro", *made)) and is_clean(other)


@pytest.mark.parametrize("command", ["results", "check"])
def test_a_clone_that_may_not_be_written_to(clone, command):
    """What only looks, looks. DVC itself needs its lock to look."""
    subprocess.run(["chmod", "-R", "a-w", str(clone)], check=True)
    try:
        clones.run(clone, *without_privileges(), "neural-odes", command)
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(clone)], check=True)


def without_privileges() -> list[str]:
    """For root: what keeps it, too, from writing where it may not."""
    return ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []


def test_repro_force(clone, dvc):
    lock = (clone / "dvc.lock").read_bytes()
    assert clones.ran(dvc(clone, "repro", "--force", "--single-item", "density-data")) == {"density-data"}
    assert (clone / "dvc.lock").read_bytes() == lock and is_clean(clone)


def test_repro_single_item(clone, dvc):
    """That stage alone, whatever else changed."""
    change(clone, SIZE, "train_size: 390")
    assert clones.ran(dvc(clone, "repro", "--single-item", "density-data")) == {"density-data"}
    assert "density-evaluate@cnf-0" in stale(clone, dvc)


def test_commit_of_an_edit_that_changes_nothing(clone, dvc):
    """A comment, say: whoever knows better tells DVC, and nothing is run."""
    moons = clone / "src/neural_odes/density/moons.py"
    moons.write_text(f"{moons.read_text()}# a comment\n")
    assert "density-data" in stale(clone, dvc)
    dvc(clone, "commit", "--force", "density-data", "density-refit", "density-evaluate", "density-summarise")
    assert not [name for name in stale(clone, dvc) if not name.startswith("studies/")]


def test_status_names_what_changed(clone, dvc):
    change(clone, SIZE, "train_size: 390")
    found = json.loads(dvc(clone, "status", "--json", "density-data"))
    assert found == {"density-data": [{"changed deps": {"params.yaml": {"density.data": "modified"}}}]}


def test_dag(kept, dvc):
    assert "density-train@cnf-0" in dvc(kept, "dag", "--mermaid", "density-evaluate@cnf-0")
    assert "density-data" in dvc(kept / STUDY, "dag", "--mermaid", "density-baseline@gmm")


def test_stage_list(kept, dvc):
    """Each with a line of what it does."""
    lines = dvc(kept, "stage", "list", "--all").splitlines()
    assert len(lines) > 60 and all(len(line.split()) > 2 for line in lines)


def test_nothing_is_reported_to_the_makers_of_dvc(committed, dvc):
    assert dvc(committed, "config", "core.analytics").strip() == "false"
