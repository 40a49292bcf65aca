"""Stages that do not need each other run at once; a failure names its job and loses nothing beside it."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from neural_odes import cli, paths
from neural_odes.errors import UserError
from neural_odes.pipeline.names import StageName
from neural_odes.running import call, forecast, graph, local, scratch
from neural_odes.running.graph import Selection

QUIET = {"DVC_NO_ANALYTICS": "1"}  # a new project of DVC has its analytics on
PARAMS = "seeds: [0, 1]\nred: {threads: 1, colour: scarlet}\ngreen: {threads: 2}\n"
# Each training waits until that of the other seed has begun: one after the other they would never end.
WAIT = """
import pathlib, sys, time
own = int(sys.argv[1])
pathlib.Path(f"began-{own}").touch()
deadline = time.monotonic() + 60
while not pathlib.Path(f"began-{1 - own}").exists():
    assert time.monotonic() < deadline, "the other stage did not begin"
    time.sleep(0.02)
pathlib.Path(f"model-{own}").write_text(pathlib.Path("red-data").read_text())
"""
DVC = """
stages:
  check: {cmd: echo ok > check.txt, deps: [params.yaml], outs: [check.txt]}
  red-data: {cmd: echo red > red-data, deps: [check.txt], params: [red.colour], outs: [red-data]}
  red-train:
    matrix: {seed: "${seeds}"}
    cmd: "python wait.py ${item.seed}"
    deps: [red-data]
    params: [red.threads]
    outs: ["model-${item.seed}"]
  red-score:
    matrix: {seed: "${seeds}"}
    cmd: "cp model-${item.seed} score-${item.seed}"
    deps: ["model-${item.seed}"]
    outs: ["score-${item.seed}"]
  red-summarise: {cmd: cat score-0 score-1 > red.json, deps: [score-0, score-1], outs: [red.json: {cache: false}]}
  blue-data: {cmd: echo blue > blue, deps: [check.txt], outs: [blue]}
  green-data: {cmd: echo green > green, deps: [check.txt], params: [green.threads], outs: [green]}
"""
# A study reads a model of the root; it needs nothing else of it.
STUDY = """
vars: ["../../params.yaml:seeds"]
stages:
  red-wide:
    matrix: {size: [8], seed: "${seeds}"}
    cmd: "cat ../../model-${item.seed} > wide-${item.size}-${item.seed}"
    deps: ["../../model-${item.seed}"]
    params: [red.sizes, {../../params.yaml: [green.threads]}]
    outs: ["wide-${item.size}-${item.seed}"]
  wide-summarise: {cmd: cat wide-8-0 wide-8-1 > wide.json, deps: [wide-8-0, wide-8-1], outs: [wide.json: {cache: false}]}
"""
WIDE = "studies/wide/dvc.yaml"
FILES = {
    "params.yaml": PARAMS, "dvc.yaml": DVC, "wait.py": WAIT, WIDE: STUDY, "studies/wide/params.yaml": "red: {sizes: [8]}\n",
    "studies/other/dvc.yaml": "stages:\n  other: {cmd: exit 3, deps: [../../blue], outs: [other]}\n",
}  # fmt: skip


@pytest.fixture
def project(tmp_path) -> Path:
    folder = tmp_path / "three claims"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / ".dvc").mkdir()
    (folder / ".dvc" / "config").write_text("[core]\n    no_scm = true\n")
    return folder


@pytest.fixture
def environment(project) -> dict[str, str]:
    return scratch.environment(project) | QUIET


def log(project: Path, job: str) -> str:
    return (project / ".cache" / "logs" / f"{job}.log").read_text()


def test_stages_run_at_once_and_only_those_that_were_asked_for(project, environment, capfd):
    (project / "dvc.yaml").write_text(DVC.replace("echo blue", "exit 3"))  # the study does not need it
    local.repro(project, environment, cores=2, selection=Selection.named(project, ["wide"]))
    assert (project / "studies" / "wide" / "wide.json").read_text() == "red\nred\n"
    said = capfd.readouterr().out
    assert "red-8-1: done in" in said and "; 5 of 6" in said and "blue" not in said and "6 of 6" in said
    assert "Running stage 'studies/wide/dvc.yaml:wide-summarise'" in log(project, "figures-and-pages")


@pytest.mark.slow
def test_only_what_changed_runs_again(project, environment, capfd):
    local.repro(project, environment, cores=2)
    assert [(project / name).read_text() for name in ("blue", "green", "red.json")] == ["blue\n", "green\n", "red\nred\n"]
    assert "; 6 of 6" in capfd.readouterr().out and not (project / "studies" / "wide" / "wide.json").exists()
    (project / "params.yaml").write_text(PARAMS.replace("threads: 2", "threads: 3"))
    local.repro(project, environment, cores=2)
    assert "; 2 of 2" in capfd.readouterr().out
    local.repro(project, environment, cores=2)
    said = capfd.readouterr().out
    assert "To run" not in said and said.endswith("everything is up to date\n")
    assert "Running stage" not in log(project, "figures-and-pages")


@pytest.mark.slow
def test_a_failure_names_its_job_and_what_ran_beside_it_is_kept(project, environment, capfd):
    (project / "dvc.yaml").write_text(DVC.replace("echo red > red-data", "exit 3"))
    with pytest.raises(UserError, match=r"^red-data: a stage failed"):
        local.repro(project, environment, cores=2)
    said = capfd.readouterr().out
    assert "red-data: failed in" in said and said.count("ERROR: failed to reproduce 'red-data'") == 1
    assert ".cache/logs/red-data.log:\n" in said and "exited with 3" in log(project, "red-data")
    assert (project / "blue").read_text() == "blue\n" and not (project / "green").exists()


def test_parameters_that_the_first_stage_refuses_run_nothing(project, environment, capfd):
    (project / "dvc.yaml").write_text(DVC.replace("echo ok > check.txt", "echo density.steps is wrong; exit 3"))
    with pytest.raises(UserError, match=r"^check: a stage failed; its log is named above"):
        local.repro(project, environment, cores=2)
    said = capfd.readouterr().out
    assert said.startswith(f"{project}/.cache/logs/check.log:") and said.count("density.steps is wrong\n") == 1
    assert "starts" not in said


def test_where_dvc_finds_no_git_no_stage_is_to_blame(project, environment):
    (project / ".dvc" / "config").write_text("")
    with pytest.raises(UserError, match=r"^dvc: .* is not a git repository; clone the project .*core\.no_scm true$"):
        local.repro(project, environment, cores=2)


def names(found: list[local.Job]) -> list[str]:
    return [job.name for job in found]


def test_jobs_are_what_changed_and_what_depends_on_it_as_far_as_it_is_asked_for(project):
    found = {job.name: job for job in local.jobs(graph.read(project), {"red-data", "red-score@1"}, Selection())}
    assert list(found) == ["red-data", "red-0", "red-1"]
    assert found["red-0"].stages == ("red-train@0", "red-score@0") and found["red-0"].after == {"red-data"}
    assert (found["red-0"].threads, found["red-data"].threads) == (1, 1)
    everything = {job.name: job for job in local.jobs(graph.read(project), {"red-train@0"}, Selection(everything=True))}
    assert list(everything) == ["red-0", "red-8-0"]
    wide = everything["red-8-0"]
    assert (wide.stages, wide.after, wide.threads) == ((f"{WIDE}:red-wide@8-0",), {"red-0"}, 2)
    of_study = local.jobs(graph.read(project), {"red-data", "green-data"}, Selection.named(project, ["studies/wide/"]))
    assert names(of_study) == ["red-data", "red-0", "red-1", "red-8-0", "red-8-1"]
    assert of_study[1].stages == ("red-train@0",)  # the study does not read its score
    assert names(local.jobs(graph.read(project), {"green-data"}, Selection((WIDE + ":red-wide",)))) == []


@pytest.mark.parametrize(
    ("word", "target"),
    [
        ("wide", WIDE),
        ("studies/wide", WIDE),
        ("studies/wide/", WIDE),  # as a shell completes it
        (WIDE, WIDE),
        ("dvc.yaml", "dvc.yaml"),
        ("red-data", "red-data"),
        ("red-train", "red-train"),
        ("red-train@1", "red-train@1"),
        ("red-wide", f"{WIDE}:red-wide"),
        ("red-wide@8-1", f"{WIDE}:red-wide@8-1"),
        (f"{WIDE}:red-wide", f"{WIDE}:red-wide"),
        (f"{WIDE}:red-wide@8-1", f"{WIDE}:red-wide@8-1"),
    ],
)
def test_what_is_named_is_a_study_a_stage_or_a_dvc_yaml(project, word, target):
    selection = Selection.named(project, [word])
    assert selection.arguments == [target]
    assert selection.of(graph.read(project))


def test_a_dvc_yaml_is_that_of_the_working_folder(project, monkeypatch):
    monkeypatch.chdir(project / "studies" / "wide")
    assert Selection.named(project, ["dvc.yaml", "../other/dvc.yaml"]).targets == (WIDE, "studies/other/dvc.yaml")
    assert Selection.named(project, []).targets == ()


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("wild", r"did you mean wide\?"),
        ("red-trian", r"did you mean red-train\?"),
        ("red-train@7", r"did you mean red-train@\d\?"),
        ("x", "studies: other, wide; dvc stage list --all shows the stages"),
        ("studies/x/dvc.yaml", r"did you mean "),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(project, word, hint):
    with pytest.raises(UserError, match=f"^{word}: no study, stage or dvc.yaml is called so; {hint}"):
        Selection.named(project, ["wide", word])


def test_a_name_means_one_thing_in_this_project(root):
    """Where the root has a stage of that name it is the root's, else that of the one study that has it."""
    folders: dict[str, set[str]] = {}
    for stage in graph.read(root).values():
        folders.setdefault(stage.name.base, set()).add(stage.name.folder)
    assert all("" in found or len(found) == 1 for found in folders.values())
    assert not {folder.name for folder in paths.pipelines(root)} & set(folders)
    assert folders["density-train"] > {""} and Selection.named(root, ["density-train"]).targets == ("density-train",)
    table1 = "studies/table1/dvc.yaml:classification-train"
    assert Selection.named(root, [table1]).targets == (table1,)


def test_a_dvc_yaml_that_dvc_refuses_is_one_line(project):
    (project / WIDE).write_text(STUDY + "  odd: {cmd: x, depps: [y]}\n")
    with pytest.raises(UserError, match=r"^dvc: .*studies/wide/dvc\.yaml.*git checkout"):
        graph.read(project)


@pytest.mark.parametrize("command", [["repro"], ["cluster", "run"]])
def test_everything_and_a_name_contradict_each_other(root, monkeypatch, command):
    monkeypatch.chdir(root)
    done = CliRunner().invoke(cli.app, [*command, "widths", "--studies"])
    assert done.exit_code == 1
    assert done.stderr == "error: --studies: everything is run, widths too; leave out the one or the other\n"


def test_it_says_first_how_long_it_will_take(project, capfd):
    benchmark = project / graph.BENCHMARK
    benchmark.parent.mkdir(parents=True)
    seconds = {"red-data": 60, "red": 540, "blue-data": 60, "green-data": 120, "check": 1}
    benchmark.write_text(json.dumps({"machine": {"processor": "Abacus"}, "job_seconds": seconds}))
    changed = {"red-data", "red-train@0", "red-train@1", "blue-data", "green-data"}
    local.announce(local.jobs(graph.read(project), changed, Selection()), project, cores=2)
    said = capfd.readouterr().out
    # 60 + 2 · 540 + 60 + 2 threads · 120 seconds of one core
    assert "About 12 min on 2 cores, at the speed measured on Abacus." in said
    assert "train, score" in said and "9.0" in said
    (score,) = local.jobs(graph.read(project), {"red-score@0"}, Selection())
    assert score.seconds == pytest.approx(540 / 3)  # the rest of its job is the training
    local.announce(local.jobs(graph.read(project), changed, Selection()), project, cores=16)
    assert "About 10 min " in capfd.readouterr().out  # the longest path: data, then a training


def job(name: str, *, after: tuple[str, ...] = (), threads: int = 1, seconds: float = 0.0) -> local.Job:
    part = graph.Node(StageName.parse(name), (), True, threads, 0, "", (), name, seconds)
    return local.Job(name, (part,), frozenset(after), threads)


def test_threads_of_what_runs_are_never_more_than_cores():
    running, most, lock = [], [], threading.Lock()

    def run(job):
        with lock:
            running.append(job)
            most.append(sum(other.threads for other in running))
        time.sleep(0.05)
        with lock:
            running.remove(job)
        return True

    assert local.side_by_side([job(f"job-{i}", threads=threads) for i, threads in enumerate([1, 2, 1, 4, 1, 2])], 2, run)
    assert sorted(most) == [1, 1, 2, 2, 2, 4] or sorted(most) == [1, 2, 2, 2, 2, 4]  # one that needs more than all runs alone


def test_what_has_the_longest_path_behind_it_begins_first():
    """A short one, too, if a long one waits for it."""
    begun = []
    seconds = {"a-0": (10.0, ()), "b-0": (30.0, ()), "data": (1.0, ()), "d-0": (20.0, ("data",)), "e-0": (25.0, ("d-0",))}
    made = [job(name, after=after, seconds=s) for name, (s, after) in seconds.items()]
    assert local.side_by_side(made, 1, lambda job: not begun.append(job.name))
    assert begun == ["data", "d-0", "b-0", "e-0", "a-0"]


def test_after_a_failure_nothing_more_begins():
    begun = []
    made = [job("a-0", seconds=2.0), job("b-0", seconds=1.0)]
    assert not local.side_by_side(made, 1, lambda job: begun.append(job.name) or False)
    assert begun == ["a-0"]


def test_the_path_behind_a_task():
    after = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "e": ()}
    seconds = {"a": 1.0, "b": 2.0, "c": 5.0, "d": 3.0, "e": 4.0}
    assert graph.path_behind(after, seconds) == {"a": 9.0, "b": 5.0, "c": 8.0, "d": 3.0, "e": 4.0}


def test_jobs_of_this_project(root):
    found = {job.name: job for job in local.jobs(graph.read(root), {"density-data"}, Selection(everything=True))}
    assert not any(name.startswith(("classification", "trajectory")) for name in found)
    assert found["density-cnf-0"].stages[:2] == ("density-train@cnf-0", "density-evaluate@cnf-0")
    assert graph.without_seed("density-cnf-0") == "density-cnf" and found["density-cnf-0"].after == {"density-data"}


def test_stages_of_this_project(root):
    """Records, MLflow and audits know a stage by its name alone; jobs are in no circle."""
    stages = graph.read(root)
    assert len({stage.name.name for stage in stages.values()}) == len(stages)
    jobs = local.jobs(stages, set(stages), Selection(everything=True))
    assert forecast.path_behind(jobs)["density-data"] > forecast.path_behind(jobs)["density-cnf-0"] > 0
    assert stages["classification-train@odenet-0"].threads == 1 and stages["classification-train@odenet-0"].gpus == 1
    assert stages["trajectory-page"].expensive is False


def test_a_lock_that_a_killed_dvc_left_torn_is_forgotten(tmp_path):
    path = tmp_path / ".dvc" / "tmp" / "rwlock"
    path.parent.mkdir(parents=True)
    call.forget_a_torn_lock(tmp_path)
    for text, kept in (("{}", True), ("", False), ('{"write": {"a', False)):
        path.write_text(text)
        call.forget_a_torn_lock(tmp_path)
        assert path.exists() == kept


def test_ctrl_c_does_not_kill_a_dvc_that_writes(tmp_path, monkeypatch):
    """Which goes on for a second after both have heard it."""
    ended = tmp_path / "ended"
    code = f"import signal, time; signal.signal(2, lambda *a: None); time.sleep(2); open({str(ended)!r}, 'w').close()"
    monkeypatch.setattr(call, "DVC", [sys.executable, "-c", code])
    threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        call.dvc(tmp_path, os.environ, "status")
    assert ended.exists()


@pytest.mark.filterwarnings("ignore")  # of DVC's imports
def test_an_answer_that_dvc_refuses_is_its_error_and_not_whom_it_says_to_ask(tmp_path, monkeypatch):
    (tmp_path / ".dvc").mkdir()
    scratch.commit(tmp_path, "All", initial=True)
    said = "ERROR: unexpected error - no\n  such thing\n\nHaving any troubles? Hit us up at https://dvc.org/support\n"
    monkeypatch.setattr(call, "DVC", ["sh", "-c", f"printf '{said}' >&2; exit 255"])
    with pytest.raises(UserError, match=r"^dvc: unexpected error - no such thing$"):
        call.answer(tmp_path, os.environ, "exp", "list")
    (tmp_path / "dvc.yaml").write_text("stages: {a: 3")
    with pytest.raises(UserError, match=r"^dvc: unable to read: .*dvc\.yaml.*corrupted; git status"):
        call.answer(tmp_path, os.environ, "exp", "list")
