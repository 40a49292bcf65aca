"""Stages on a Ray cluster: the same lock file as a serial run, whatever is lost on the way, and nothing run twice."""

import contextlib
import hashlib
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from ray.cluster_utils import Cluster
from rich.console import Console
from servers import sshd, two_machines

from neural_odes import git
from neural_odes.errors import UserError
from neural_odes.running import call, graph, run_cache, scratch
from neural_odes.running.cluster import head, worker
from neural_odes.running.cluster.sweep import points
from neural_odes.running.forecast import Measured
from neural_odes.running.graph import Selection
from neural_odes.running.view import View

PARAMS = "seeds: [0, 1]\nred: {threads: 1, colour: scarlet}\n"
WORK = """
import os, sys, time
from pathlib import Path

name, *parents = sys.argv[1:]
orders = Path(os.environ["NEURAL_ODES_TOY"])
with (orders / "ran").open("a") as stream:
    stream.write(f"{name} {os.getpid()}\\n")
while (orders / f"hold {name}").exists():
    time.sleep(0.02)
if (orders / f"fail {name}").exists():
    sys.exit(f"{name} was told to fail")
Path(name).write_text(name + "".join(Path(parent).read_text() for parent in parents))
"""
DVC = """
stages:
  check: {cmd: echo ok > check.txt, deps: [params.yaml], outs: [check.txt]}
  red-data: {cmd: python work.py red-data, deps: [check.txt, work.py], params: [red.colour], outs: [red-data]}
  red-train:
    matrix: {seed: [0, 1]}
    cmd: python work.py model-${item.seed} red-data
    deps: [red-data]
    outs: ["model-${item.seed}"]
  red-score:
    matrix: {seed: [0, 1]}
    cmd: python work.py score-${item.seed} model-${item.seed}
    deps: ["model-${item.seed}"]
    outs: ["score-${item.seed}"]
  red-summarise: {cmd: cat score-0 score-1 > red.json, deps: [score-0, score-1], outs: [red.json: {cache: false}]}
"""
STUDY = """
stages:
  red-wide:
    matrix: {seed: [0, 1]}
    cmd: python ../../work.py wide-${item.seed} ../../model-${item.seed}
    deps: ["../../model-${item.seed}"]
    params: [red.size, {../../params.yaml: [red.threads]}]
    outs: ["wide-${item.seed}"]
  wide-summarise: {cmd: cat wide-0 wide-1 > wide.json, deps: [wide-0, wide-1], outs: [wide.json: {cache: false}]}
"""
WIDE = "studies/wide/dvc.yaml"
IGNORED = "/check.txt\n/red-data\n/model-*\n/score-*\n/studies/wide/wide-?\n/.cache\n"
EACH_ONCE = dict.fromkeys(("red-data", "model-0", "model-1", "score-0", "score-1"), 1)
FILES = {
    "params.yaml": PARAMS, "dvc.yaml": DVC, "work.py": WORK, ".gitignore": IGNORED, WIDE: STUDY,
    "studies/wide/params.yaml": "red: {size: 8}\n",
}  # fmt: skip


class Toy:
    """A project of a few stages that do as they are told, and write down that they ran."""

    def __init__(self, folder: Path):
        self.folder, self.orders = folder / "pro ject", folder / "orders"
        self.folder.mkdir()
        self.orders.mkdir()
        self.environment = scratch.environment(self.folder) | {"NEURAL_ODES_TOY": str(self.orders), "DVC_NO_ANALYTICS": "1"}
        (self.folder / WIDE).parent.mkdir(parents=True)
        for name, text in FILES.items():
            (self.folder / name).write_text(text)
        subprocess.run(["git", "init", "--quiet"], cwd=self.folder, check=True)
        (self.folder / ".dvc").mkdir()
        (self.folder / ".dvc" / "config").touch()
        (self.folder / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
        scratch.commit(self.folder, "Toy")

    def dvc(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "dvc", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, *targets: str, **options) -> None:
        options["selection"] = Selection(targets)
        head.run(self.folder, self.environment, **({} if "address" in options else {"cpus": 2}) | options)

    def head(self) -> subprocess.Popen[bytes]:
        """As ``run``, in a process of its own."""
        code = (
            "import os, pathlib; from neural_odes.running.cluster import head; head.run(pathlib.Path.cwd(), os.environ, cpus=2)"
        )
        return subprocess.Popen([sys.executable, "-c", code], cwd=self.folder, env=self.environment)

    def ran(self) -> dict[str, int]:
        path = self.orders / "ran"
        return Counter(line.split()[0] for line in path.read_text().splitlines()) if path.exists() else {}

    def process(self, name: str) -> psutil.Process:
        """That which runs a stage, once it does."""
        _until(lambda: self.ran().get(name, 0) > 0)
        return psutil.Process(
            int([line.split()[1] for line in (self.orders / "ran").read_text().splitlines() if name in line][-1])
        )

    def remote(self, url: str, **settings: str) -> None:
        """Names and commits the remote that all machines reach."""
        self.dvc("remote", "add", "--default", "shared", url)
        for name, value in settings.items():
            self.dvc("remote", "modify", "shared", name, value)
        scratch.commit(self.folder, "Remote")

    def hold(self, name: str) -> None:
        (self.orders / f"hold {name}").touch()

    def release(self, name: str) -> None:
        (self.orders / f"hold {name}").unlink()

    @property
    def lock(self) -> str:
        return (self.folder / "dvc.lock").read_text()


def _until(true: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextlib.contextmanager
def _attacking(toy: Toy, attack: Callable[[], None]) -> Iterator[None]:
    """Runs ``attack`` meanwhile; an error in it is the test's, and leaves no stage waiting."""

    def attacked() -> None:
        try:
            attack()
        finally:
            for held in toy.orders.glob("hold *"):
                held.unlink()

    with ThreadPoolExecutor() as pool:
        future = pool.submit(attacked)
        yield
        future.result()


def _gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def _worker(process: psutil.Process) -> psutil.Process:
    """The worker of Ray that a process runs under."""
    return next(
        parent for parent in process.parents() if parent.name().startswith("ray::") or "ray::" in "".join(parent.cmdline())
    )


@pytest.fixture
def toy(tmp_path) -> Toy:
    return Toy(tmp_path)


@pytest.fixture(scope="module")
def serial(tmp_path_factory) -> str:
    """dvc.lock after `dvc repro`, one stage after the other."""
    toy = Toy(tmp_path_factory.mktemp("serial"))
    toy.dvc("repro")
    return toy.lock


@pytest.fixture
def machines(tmp_path) -> Iterator[Cluster]:
    """Two, which share nothing but what a remote carries."""
    with two_machines(tmp_path) as cluster:
        yield cluster


def test_on_one_machine_with_the_lock_file_of_a_serial_run(toy, serial, capfd):
    toy.run()
    said = capfd.readouterr().out
    assert toy.ran() == EACH_ONCE and toy.lock == serial
    assert (toy.folder / "red.json").read_text() == "score-0model-0red-datascore-1model-1red-data"
    assert "red-score@1: done" in said and "parallel efficiency" in said and "figures and pages: done" in said
    assert {kind.split()[0] for kind in Measured(toy.folder).read()} >= {"red-train", "red-score"}  # what workers hear comes here
    toy.run()
    assert toy.ran() == EACH_ONCE and "parallel efficiency" not in capfd.readouterr().out


@pytest.mark.slow
def test_a_study_and_what_it_needs_with_a_relative_cache_folder_in_the_project(toy, monkeypatch):
    monkeypatch.setenv("NEURAL_ODES_CACHE", "kept")
    toy.run(WIDE)
    assert toy.ran() == dict.fromkeys(("red-data", "model-0", "model-1", "wide-0", "wide-1"), 1)
    assert (toy.folder / "studies" / "wide" / "wide.json").read_text() == "wide-0model-0red-datawide-1model-1red-data"
    assert not (toy.folder / "red.json").exists()
    assert {path.name for path in (toy.folder / "kept").iterdir()} == {"clones", "logs", "seconds.json"}


def test_only_what_a_target_needs(toy):
    stages = graph.read(toy.folder)
    assert Selection(("red-train@1",)).of(stages) == {"check", "red-data", "red-train@1"}
    assert Selection(("red-train",)).of(stages) == {"check", "red-data", "red-train@0", "red-train@1"}
    assert Selection((f"{WIDE}:red-wide@0",)).of(stages) == {"check", "red-data", "red-train@0", f"{WIDE}:red-wide@0"}
    assert not any(WIDE in name for name in Selection().of(stages)) and Selection(everything=True).of(stages) == set(stages)
    assert Selection(("dvc.yaml",)).of(stages) == Selection().of(stages)
    with pytest.raises(UserError, match=r"^red-trian: there is no such stage; dvc stage list --all shows them"):
        Selection(("red-trian",)).of(stages)


def test_what_has_the_longest_path_behind_it_is_sent_first(toy):
    (toy.folder / graph.BENCHMARK).parent.mkdir(parents=True)
    (toy.folder / graph.BENCHMARK).write_text('{"job_seconds": {"red-data": 2, "red": 60, "red-wide": 9}}')
    stages = graph.read(toy.folder)
    tasks = head._tasks(toy.folder, stages, list(stages), Selection(everything=True), [head.Point()])
    assert [task.name for task in tasks.values()][:4] == ["check", "red-data", "red-train@0", "red-train@1"]
    assert len(tasks) == 8  # check, data, and three stages a seed


@pytest.mark.parametrize("name", ["work.py", "new.py"])
def test_what_is_not_committed_is_named(toy, name):
    with (toy.folder / name).open("a") as stream:
        stream.write("\n")
    with pytest.raises(UserError, match=rf"^not committed: {name}; workers run a commit: git add and git commit them first"):
        toy.run()
    assert toy.ran() == {}


@pytest.mark.parametrize("torn", [False, True])
def test_a_worker_in_the_cache_folder_of_a_project_leaves_the_project_alone(tmp_path, torn):
    """Where it was killed before its clone was a repository, git would take the project around it for it."""
    root, clone = tmp_path / "project", tmp_path / "project" / ".cache" / "clones" / "clone-0"
    root.mkdir()
    (root / "work.py").write_text("committed")
    (root / ".gitignore").write_text("/.cache\n")
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").touch()
    with pytest.raises(git.GitFailed, match="not a git repository"):
        head._committed(root, {})
    git.run(root, "init", "--quiet")
    with pytest.raises(UserError, match="nothing is committed yet"):
        head._committed(root, {})
    scratch.commit(root, "All")
    commit = head._committed(root, {})
    objects = git.run(root, "rev-list", "--objects", "--no-walk", commit)
    pack = git.run(root, "pack-objects", "--stdout", "--quiet", given=objects)
    (root / "work.py").write_text("edited")
    source = worker.Source(commit, pack, {}, {}, None)
    clone.parent.mkdir(parents=True)
    if torn:
        clone.mkdir()
    worker._prepare(clone, source, {})
    assert git.commit(clone) == commit and (clone / "work.py").read_text() == "committed"
    assert (root / "work.py").read_text() == "edited" and git.text(root, "rev-parse", "--abbrev-ref", "HEAD") != "HEAD"


@pytest.mark.slow
def test_a_failure_shows_its_log_and_the_rest_is_kept(toy, serial, capfd):
    (toy.orders / "fail model-1").touch()
    with pytest.raises(UserError, match=r"^1 of 5 stages failed, and what depends on them did not run; the rest is kept"):
        toy.run()
    said = capfd.readouterr().out
    assert "red-train@1: failed" in said and "red-score@1: not run" in said and "red-score@0: done" in said
    assert "model-1 was told to fail" in said and "red-train@1.log" in said
    assert "model-1 was told to fail" in (toy.folder / ".cache" / "logs" / "red-train@1.log").read_text()
    (toy.orders / "fail model-1").unlink()
    toy.run()
    assert toy.lock == serial and toy.ran() == EACH_ONCE | {"model-1": 2}


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["worker", "stage"])
def test_a_killed_worker_or_stage_is_replaced(toy, serial, capfd, whom):
    toy.hold("model-0")

    def attack() -> None:
        stage = toy.process("model-0")
        (stage if whom == "stage" else _worker(stage)).send_signal(signal.SIGKILL)
        _until(lambda: toy.ran()["model-0"] == 2)
        if whom == "worker":
            assert _gone(stage)
        toy.release("model-0")

    with _attacking(toy, attack):
        toy.run()
    assert "red-train@0: on" in (said := capfd.readouterr().out) and "attempt 2" in said
    assert toy.lock == serial and toy.ran() == EACH_ONCE | {"model-0": 2}


@pytest.mark.slow
def test_ctrl_c_ends_what_runs(toy, serial):
    toy.hold("model-0")
    head = toy.head()
    stage = toy.process("model-0")
    head.send_signal(signal.SIGINT)
    assert head.wait(90) != 0 and _gone(stage)
    toy.release("model-0")
    toy.run()
    assert toy.lock == serial


@pytest.mark.slow
def test_a_killed_head_is_started_again(toy, serial):
    toy.hold("model-0")
    head = toy.head()
    kept = toy.folder / ".dvc" / "cache" / "runs"
    _until(lambda: any("path: score-1" in entry.read_text() for entry in kept.glob("*/*/*")))
    head.kill()
    head.wait()
    toy.release("model-0")
    toy.run()
    assert toy.lock == serial
    assert {name: toy.ran()[name] for name in ("red-data", "model-1", "score-1")} == {"red-data": 1, "model-1": 1, "score-1": 1}


@pytest.mark.slow
def test_two_machines_and_a_folder_that_both_see(toy, serial, machines, tmp_path):
    toy.remote(str(tmp_path / "remote"))
    toy.run(address=machines.address)
    assert toy.lock == serial and toy.ran() == EACH_ONCE


@pytest.mark.slow
def test_what_the_remote_keeps_is_the_run_cache_of_dvc(toy, serial, machines, tmp_path):
    """In a clone that has nothing, DVC itself finds every stage there; what a killed push left there harms no run."""
    toy.remote(str(tmp_path / "remote"))
    toy.run(address=machines.address)
    fresh = tmp_path / "fresh"
    subprocess.run(["git", "clone", "--quiet", toy.folder, fresh], check=True)
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--pull"], cwd=fresh, env=toy.environment, check=True)
    assert (fresh / "dvc.lock").read_text() == serial and toy.ran() == EACH_ONCE
    for key in (tmp_path / "remote" / "runs").glob("*/*"):
        (key / ".left.tmp").touch()
    for number in range(2):
        shutil.rmtree(tmp_path / f"node {number}")
    shutil.rmtree(toy.folder / ".dvc" / "cache")
    for path in (toy.folder / "dvc.lock", *toy.folder.glob("red-data"), *toy.folder.glob("*-[01]")):
        path.unlink()
    toy.run(address=machines.address)
    assert toy.lock == serial and toy.ran() == EACH_ONCE


@pytest.mark.slow
def test_results_that_were_pulled_are_pushed_for_the_workers(toy, serial, machines, tmp_path):
    """The run cache of this clone knows nothing of them, nor does the commit."""
    toy.dvc("repro", "red-train@0")
    toy.remote(str(tmp_path / "remote"))
    (toy.folder / "dvc.lock").rename(tmp_path / "lock")
    scratch.commit(toy.folder, "No results")
    (tmp_path / "lock").rename(toy.folder / "dvc.lock")
    shutil.rmtree(toy.folder / ".dvc" / "cache" / "runs")
    toy.run(address=machines.address)
    assert toy.lock == serial and toy.ran() == EACH_ONCE


@pytest.mark.slow
def test_two_machines_and_ssh(toy, serial, machines, tmp_path):
    (keys := tmp_path / "keys").mkdir()
    with sshd(keys) as server:
        toy.remote(f"ssh://127.0.0.1{tmp_path / 'remote'}", port=server["port"], keyfile=server["keyfile"])
        toy.run(address=machines.address)
    assert toy.lock == serial and toy.ran() == EACH_ONCE


@pytest.mark.slow
def test_a_lost_node(toy, serial, machines, tmp_path):
    toy.remote(str(tmp_path / "remote"))
    trainings = ("model-0", "model-1")
    for name in trainings:
        toy.hold(name)

    def attack() -> None:
        for name in trainings:
            toy.process(name)
        machines.remove_node(next(iter(machines.worker_nodes)), allow_graceful=False)
        for name in trainings:
            toy.release(name)

    with _attacking(toy, attack):
        toy.run(address=machines.address)
    ran = toy.ran()
    assert toy.lock == serial and sorted(ran[name] for name in trainings) == [1, 2]
    assert EACH_ONCE | {name: ran[name] for name in trainings} == ran


@pytest.mark.slow
def test_a_remote_that_takes_nothing(toy, serial, machines, tmp_path, capfd):
    remote = tmp_path / "remote"
    toy.remote(str(remote))
    toy.hold("model-1")

    def attack() -> None:
        toy.process("model-1")
        md5 = hashlib.md5(b"score-0model-0red-data", usedforsecurity=False).hexdigest()
        _until((remote / "files" / "md5" / md5[:2] / md5[2:]).exists)
        time.sleep(2)  # until its worker has ended, too
        remote.rename(tmp_path / "aside")
        remote.write_text("in the way")
        toy.release("model-1")

    with _attacking(toy, attack), pytest.raises(UserError, match=r"^1 of 5 stages failed"):
        toy.run(address=machines.address)
    assert "red-train@1: failed" in capfd.readouterr().out
    remote.unlink()
    (tmp_path / "aside").rename(remote)
    toy.run(address=machines.address)
    assert toy.lock == serial
    assert {name: times for name, times in toy.ran().items() if times > 1}.keys() <= {"model-1"}


def test_machines_without_a_remote(toy):
    with pytest.raises(UserError, match=r"^\.dvc/config: no default remote"):
        toy.run(address="127.0.0.1:1")


def test_a_remote_over_http(toy):
    toy.remote("https://example.org/results")
    with pytest.raises(UserError, match=r"^\.dvc/config: the remote shared uses HTTP, which cannot hold the run cache"):
        toy.run(address="127.0.0.1:1")


@pytest.mark.slow
def test_no_cluster_at_the_address(toy, tmp_path):
    toy.remote(str(tmp_path / "remote"))
    with pytest.raises(UserError, match=r"^--address 127.0.0.1:1: "):
        toy.run(address="127.0.0.1:1")


def test_a_cluster_without_a_worker_yet(tmp_path, monkeypatch):
    """Whose head was started with no CPU: stages would all begin at once there."""
    monkeypatch.setattr(head, "_connected", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(head.ray, "nodes", lambda: [{"Alive": True, "Resources": {"memory": 1e9}}])
    source, view = worker.Source("", b"", {}, {}, None), View([], cores=1, console=Console())
    with pytest.raises(UserError, match=r"^--address h:1: no machine of the cluster has a CPU .*; add one with: ray start$"):
        head._on_ray(tmp_path, {}, source, view, address="h:1", cpus=None)


@pytest.mark.slow
def test_an_experiment_in_a_folder_of_any_name(tmp_path):
    """As a sweep writes its points down. DVC alone: 'ascii' codec can't encode character."""
    folder = tmp_path / "drei Thesen, überall"
    folder.mkdir()
    (folder / ".dvc").mkdir()
    texts = {".dvc/config": "[core]\n    analytics = false\n", ".gitignore": "/out\n", "params.yaml": "k: 1\n"}
    texts["dvc.yaml"] = "stages:\n  a: {cmd: cp params.yaml out, deps: [params.yaml], outs: [out]}\n"
    for name, text in texts.items():
        (folder / name).write_text(text)
    scratch.commit(folder, "All", initial=True)
    environment = scratch.environment(folder) | {"PYTHONPATH": str(Path(run_cache.__file__).parents[2])}
    call.dvc(folder, environment, "exp", "run", "--temp", "--name", "two", "--set-param", "k=2")
    assert call.answer(folder, environment, "exp", "list", "--name-only").split() == ["two"]


def test_sweeps_are_read_as_yaml_and_multiplied():
    assert points([]) == []
    found = points(["a.rate=1e-3,3e-3", "seeds=[0, 1],[2]"])
    assert [point.overlay for point in found[:2]] == [
        {"a": {"rate": 0.001}, "seeds": [0, 1]},
        {"a": {"rate": 0.001}, "seeds": [2]},
    ]
    assert [point.name for point in found] == [
        "rate-0.001_seeds-0-1",
        "rate-0.001_seeds-2",
        "rate-0.003_seeds-0-1",
        "rate-0.003_seeds-2",
    ]


@pytest.mark.parametrize("text", ["a.rate", "=1", "a.rate=", "a.rate=[1"])
def test_a_sweep_that_cannot_be_read(text):
    with pytest.raises(UserError, match=r"^--sweep .*: give a key of params.yaml and its values"):
        points([text])
