"""What a run shows: an end time that arithmetic confirms, lines that fit, few where nobody watches, and what Ctrl-C keeps."""

import dataclasses
import io
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from rich.console import Console

from neural_odes.pipeline.names import StageName
from neural_odes.running import call, children, forecast, graph, jobs, local, scratch, view
from neural_odes.running.children import Children
from neural_odes.running.forecast import Measured
from neural_odes.running.jobs import Job, Line, Steps
from neural_odes.running.view import View
from neural_odes.training import loop


class Clock:
    """Stands in for the module ``time``."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    for module in (jobs, view, loop):
        monkeypatch.setattr(module, "time", clock)
    return clock


def node(address: str, seconds: float = 0.0, *, here: bool = False) -> graph.Node:
    return graph.Node(StageName.parse(address), (), True, 1, 0, "", (), graph.without_seed(address), seconds, here)


def job(name: str, *stages: graph.Node, after: tuple[str, ...] = (), threads: int = 1) -> Job:
    return Job(name, stages or (node(name),), frozenset(after), threads)


def shown(width: int, *those: Job) -> tuple[View, io.StringIO]:
    file = io.StringIO()
    return View(those, cores=2, console=Console(file=file, width=width, soft_wrap=True, highlight=False)), file


@pytest.mark.parametrize("start", [0, 60])
def test_what_a_training_says_is_understood(clock, capsys, start):
    """The loop's own line; the time of all steps follows from it, whether they began at the first or at a checkpoint."""
    with loop._progress("density-train@cnf-0", start, 400) as advance:
        for step in range(start + 1, start + 101):
            clock.now += 0.5
            advance(step, [(step, "loss", 0.25), (step, "nfe", 26.0)])
    _, said = capsys.readouterr().err.splitlines()
    steps = Steps.heard(said, clock.now)
    assert jobs.tells(said) and steps is not None
    assert (steps.step, steps.steps, steps.latest) == (start + 82, 400, "loss 0.25  nfe 26")  # 20 seconds are 40 steps
    assert steps.left == (400 - start - 82) * 0.5 and steps.whole == pytest.approx(400 * 0.5)
    assert steps.share_at(clock.now + 10) == pytest.approx((start + 82 + 20) / 400)  # between two lines, by the clock
    assert steps.share_at(clock.now + 1000) == 1 and steps.left_at(clock.now + 1000) == 0


@pytest.mark.parametrize(
    ("cores", "left"),
    [
        (1, 10 + 30 + 30 + 20 + 5),
        (2, 10 + 30 + 20 + 5),  # two of 30 at once, then that of 20
        (3, 10 + 30 + 5),
        (2.5, 10 + 30 + 20 + 5),
    ],
)
def test_the_end_is_that_of_a_list_schedule(clock, cores, left):
    after = ("data",)
    run = [
        job("data", node("data", 10)),
        job("c", node("c", 20), after=after),
        job("a", node("a", 30), after=after),
        job("b", node("b", 30), after=after),
        job("last", node("last", 5), after=("a", "b", "c")),
    ]
    assert forecast.forecast([Line(job) for job in run], cores, clock.now) == forecast.Forecast(left, False)


def test_one_that_needs_all_threads_waits_for_them(clock):
    """Of two cores: 60 beside 20, then 40 on both."""
    run = [job("a", node("a", 60)), job("b", node("b", 20)), job("wide", node("wide", 40), threads=2)]
    assert forecast.until_end(run, {"a": 60, "b": 20, "wide": 40}, {"a", "b"}, 2) == 100


def test_what_ended_here_corrects_what_was_expected(clock):
    """A job of 100 seconds took 300: others of its kind are expected to; all else, as if half a minute had gone as expected."""
    first, same, other = (
        job(name, node(f"{name.rpartition('-')[0]}-train@{name}", 100)) for name in ("red-m-0", "red-m-1", "green-m-0")
    )
    lines = [Line(first), Line(same), Line(other)]
    lines[0].begins()
    lines[0].hears(f"Running stage '{first.stages[0]}':")
    clock.now += 300
    lines[0].ends("done")
    assert first.parts[0].kind == same.parts[0].kind != other.parts[0].kind
    assert forecast.forecast([*lines[:2]], 1, clock.now).seconds == 300
    assert forecast.forecast(lines, 1, clock.now).seconds == pytest.approx(300 + 100 * (300 + 30) / (100 + 30))


def test_a_training_that_runs_corrects_what_was_expected(clock):
    """Expected in 100 seconds, it is at a quarter after 50: 150 are left, and 200 is what one of another seed will take."""
    lines = [Line(job(f"red-m-{seed}", node(f"red-train@m-{seed}", 100))) for seed in (0, 1)]
    lines[0].begins()
    lines[0].hears("Running stage 'red-train@m-0':")
    assert forecast.forecast(lines, 2, clock.now).seconds == 100
    clock.now += 50
    lines[0].hears("red-train@m-0: step 250 of 1000, 150 s left, loss 2")
    assert forecast.forecast(lines, 2, clock.now).seconds == 200
    clock.now += 10
    assert forecast.forecast(lines, 1, clock.now).seconds == 140 + 200


def test_one_that_takes_longer_than_expected_slows_all(clock):
    """Nothing is told of it but that it still runs."""
    lines = [Line(job("red", node("red", 100))), Line(job("blue", node("blue", 100)))]
    lines[0].begins()
    clock.now += 260
    assert forecast.forecast(lines, 1, clock.now).seconds == pytest.approx(0 + 100 * (260 + 30) / (100 + 30))


def test_stages_that_draw_have_a_pace_of_their_own(clock):
    """Two of four took 20 seconds for 5; the others are expected to take as if half a minute had gone as expected, too."""
    pages = [dataclasses.replace(node(f"page-{name}", 5), expensive=False) for name in "abcd"]
    line = Line(job("last", *pages))
    line.begins()
    for page in pages[:3]:
        line.hears(f"Running stage '{page.name.address}':")
        clock.now += 20
    clock.now -= 20
    assert forecast.forecast([line], 1, clock.now).seconds == pytest.approx(2 * 5 * (30 + 2 * 20) / (30 + 2 * 5))


def test_where_a_time_is_not_known_the_rest_is_a_bound(clock):
    found = forecast.forecast([Line(job("red", node("red", 300))), Line(job("blue", node("blue")))], 1, clock.now)
    assert found.text == "more than 5 min left"


def test_what_was_measured_here_is_expected_the_next_time(tmp_path):
    """The median of the latest five; what was never measured here is scaled by what was, and half a minute as expected."""
    kept = Measured(tmp_path)
    for seconds in (500, 90, 50, 60, 70, 80):
        kept.add("red-train@m", seconds)
    kept.add("red-score@m", 20)
    kept.add("blue-train@m", 6)
    stages = [node("red-train@m-0", 30), node("red-score@m-0", 20), node("blue-train@m-0", 8), node("blue-score@m-0", 8)]
    found = forecast.expected({stage.name.address: stage for stage in stages}, Measured(tmp_path).read())
    seconds = {address: (stage.seconds, stage.here) for address, stage in found.items()}
    scale = (70 + 20 + 6 + 30) / (30 + 20 + 8 + 30)
    assert seconds == {
        "red-train@m-0": (70, True),
        "red-score@m-0": (20, True),
        "blue-train@m-0": (6, True),
        "blue-score@m-0": (pytest.approx(8 * scale), False),
    }
    (tmp_path / ".cache" / "seconds.json").write_text('{"red-train@m": [1')
    assert Measured(tmp_path).read() == {}


def test_it_says_at_whose_speed(tmp_path, capfd):
    local.announce([job("red", node("red", 600, here=True)), job("blue", node("blue", 120, here=True))], tmp_path, cores=1)
    assert "About 12 min on 1 cores, at the speed of this machine." in capfd.readouterr().out


def test_only_what_ran_from_its_start_is_measured(tmp_path, clock):
    """Neither what the run cache brought, nor what is left of an interrupted training, unless its steps tell of all."""
    parts = [node(f"red-{verb}@m-0") for verb in ("train", "score")]

    def once(*said: tuple[float, str], again: bool) -> dict[str, list[float]]:
        run = View([job("red-m-0", *parts)], cores=1, console=Console(file=io.StringIO()), measured=Measured(tmp_path))
        run.begins("red-m-0", again=again)
        for seconds, line in said:
            clock.now += seconds
            run.hears("red-m-0", line)
        clock.now += 3
        run.ends("red-m-0", "done")
        found = Measured(tmp_path).read()
        (tmp_path / ".cache" / "seconds.json").unlink(missing_ok=True)
        return found

    train, score = "Running stage 'red-train@m-0':", "Running stage 'red-score@m-0':"
    assert once((1, train), (30, score), again=False) == {"red-train@m": [31], "red-score@m": [3]}
    cached = "Stage 'red-train@m-0' is cached - skipping run, checking out outputs"
    assert once((1, cached), (2, score), again=False) == {"red-score@m": [3]}
    last = "red-train@m-0: step 400 of 400, 0 s left, loss 1"
    assert once((1, train), (9, last), (1, score), again=True) == {}
    told = "red-train@m-0: step 390 of 400, 2 s left, loss 1"
    assert once((1, train), (9, told), (2, last), (1, score), again=True) == {"red-train@m": [80]}


LONG = "latent_ode_continuation_of_a_variant"


@pytest.mark.parametrize("width", [80, 200])
def test_it_fits_the_terminal(clock, width):
    verbs = ("train", "evaluate")
    those = [job(f"trajectory-{LONG}-{i}", *(node(f"trajectory-{verb}@{LONG}-{i}") for verb in verbs)) for i in range(9)]
    run, _ = shown(width, *those, job("density-data"))
    for number, own in enumerate(those[:7]):
        run.begins(own.name)
        run.hears(own.name, f"Running stage '{own.stages[0]}':")
        clock.now += 4000
        if number:
            run.hears(own.name, "x@y: step 123456 of 1000000, 86399 s left, nfe 26.25  loss 1.234e-05  gradient 7.125")
    run.begins("density-data")
    run.ends("density-data", "failed")
    console = Console(width=width, record=True, file=io.StringIO(), soft_wrap=True)
    console.print(run.drawn())
    head, *rows, told, end = console.export_text().splitlines()
    assert all(len(line.rstrip()) <= width for line in (head, *rows, told, end))
    assert head.split() == ["running", "left", "so", "far"] and "until" in end
    assert told.rstrip() == "0 of 10 jobs done, 7 running, 2 waiting, 1 failed; 7:46:40 so far"
    assert len(rows) == 7 and rows[0].split()[-3:] == ["stage", "1/2", "7:46:40"]
    for number, row in enumerate(rows):
        assert row.startswith("trajectory-") and f"-{number}: train " in row
        assert number == 0 or "123456/1000000 loss 1.234e-05" in row
    assert all(LONG in row for row in rows) == all("gradient 7.125" in row for row in rows[1:]) == (width == 200)


def test_where_nobody_watches_a_job_that_runs_has_a_line_a_minute(clock):
    run, file = shown(80, job("red-0", node("red-train@0", 500)), job("blue-0", node("blue@0", 100)))
    run.begins("red-0")
    for step in range(1, 31):
        clock.now += 20
        run.hears("red-0", f"red-train@0: step {step} of 30, {20 * (30 - step)} s left, loss 0.5  nfe 26")
    run.hears("red-0", "what else DVC says")
    run.ends("red-0", "done")
    first, *within, last = file.getvalue().splitlines()
    assert first == "red-0: starts" and last == "red-0: done in 600.0 s; 1 of 2; about 2 min left"
    assert len(within) == 10 and within[0] == "red-0: step 3 of 30, loss 0.5, 9 min left"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("file", [Terminal(), io.StringIO()])
def test_only_a_terminal_has_its_cursor_moved(file):
    """Not a file of a CI that asks for colours."""
    run = View([job("red-0")], cores=1, console=Console(file=file, force_terminal=True, width=80, highlight=False))
    with run.shown():
        run.begins("red-0")
        run.ends("red-0", "done")
    said = file.getvalue()
    assert ("\x1b[?25l" in said, "red-0: starts" in said) == ((True, False) if file.isatty() else (False, True))


def test_a_live_display_and_jobs_that_change_wait_for_each_other(clock):
    """Each draws under its own lock."""
    those = [job(f"job-{number}", node(f"job-{number}", 9)) for number in range(60)]
    run = View(those, cores=4, console=Console(file=Terminal(), force_terminal=True, width=80))

    def go(own: list[Job]) -> None:
        for one in own:
            run.begins(one.name)
            run.ends(one.name, "done")

    with run.shown():
        threads = [threading.Thread(target=go, args=(those[number::4],), daemon=True) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture
def dvc(tmp_path, monkeypatch):
    """Children whose DVC is the code of a test."""

    def made(code: str) -> Children:
        monkeypatch.setattr(call, "DVC", [sys.executable, "-u", "-c", code])
        return Children(tmp_path, os.environ)

    return made


@pytest.fixture
def hung_up():
    """SIGHUP is heard, where `nohup` began the tests, too."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def test_a_failure_shows_where_its_log_is_and_the_end_of_it_once(tmp_path, dvc, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, file = shown(80, job("red-0"))
    assert not run.run(dvc("print(*range(40), sep='\\n'); exit('ERROR: no')"), run.lines["red-0"].job)
    _, failed, path, *lines = file.getvalue().splitlines()
    assert failed.startswith("red-0: failed in") and path == ".cache/logs/red-0.log:"
    assert lines == [*(f"  {number}" for number in range(26, 40)), "  ERROR: no"] and run.failed == ["red-0"]
    assert (tmp_path / path[:-1]).read_text().split() == [*map(str, range(40)), "ERROR:", "no"]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_this_process_hears_is_passed_on(tmp_path, dvc, hung_up, signum):
    """Alone it hears it, and what runs ends in peace."""
    run, file = shown(80, job("red-0"))
    code = """
import signal, time
signal.signal(signal.SIGINT, lambda *_: (print("saved"), exit(130)))
print("red-train@0: step 1 of 2, 9 s left, loss 1")
time.sleep(60)
"""
    child = dvc(code)
    threading.Thread(target=_when, args=(lambda: run.lines["red-0"].steps, lambda: os.kill(os.getpid(), signum))).start()
    with pytest.raises(KeyboardInterrupt), child.interruptible(run.interrupted):
        assert not run.run(child, run.lines["red-0"].job)
        assert not run.run(child, run.lines["red-0"].job)  # nothing more begins
    said = file.getvalue()
    assert "interrupted: saving checkpoints; again: stop at once\nwaiting for red-0\n" in said
    assert said.count("red-0: starts") == said.count("red-0: interrupted in") == 1 and not run.failed
    assert "saved" in children.log(tmp_path, "red-0").read_text() and children.broken_off(children.log(tmp_path, "red-0"))
    assert run.kept() == "0 of 1 jobs are done and kept; checkpoints of red-0; run it again to continue"


def test_what_was_told_twice_to_stop_must_end(tmp_path, dvc, monkeypatch):
    """Even if it hears nothing."""
    monkeypatch.setattr(children, "_GRACE", 0.3)
    run, file = shown(80, job("red-0"))
    child = dvc("import signal, time; signal.signal(2, lambda *_: print('heard')); print('on'); time.sleep(60)")
    path = children.log(tmp_path, "red-0")

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def twice() -> None:
        interrupt()
        _when(lambda: "heard" in path.read_text(), interrupt)

    threading.Thread(target=_when, args=(lambda: path.exists() and "on" in path.read_text(), twice)).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), child.interruptible(run.interrupted):
        run.run(child, run.lines["red-0"].job)
    assert time.monotonic() - began < 30 and "interrupted: stopping at once" in file.getvalue()


PAUSED = """
import os, pathlib, sys
from neural_odes.running import call
from neural_odes.running.children import Children
call.DVC = [sys.executable, "-u", "-c", "import time; print(1); time.sleep(60)"]
dvc = Children(pathlib.Path.cwd(), os.environ)
with dvc.interruptible(lambda times: None):
    dvc.dvc("red-0", hears=pathlib.Path("heard").write_text)
"""


def test_ctrl_z_stops_what_runs_until_it_goes_on(tmp_path):
    environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PAUSED]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as process:
        own = psutil.Process(process.pid)
        _when((tmp_path / "heard").exists, lambda: process.send_signal(signal.SIGTSTP))
        (child,) = own.children()
        stopped = {psutil.STATUS_STOPPED}
        _when(lambda: {own.status(), child.status()} == stopped, lambda: process.send_signal(signal.SIGCONT))
        _when(lambda: not {own.status(), child.status()} & stopped, lambda: process.send_signal(signal.SIGINT))
    assert process.returncode and not child.is_running()


def _when(true, then) -> None:
    deadline = time.monotonic() + 30
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    held = bool(true())
    then()
    assert held


TRAIN = """
import pathlib, signal, sys, time
seen = []
signal.signal(signal.SIGINT, lambda *_: seen.append(1))
print(f"red-train@{sys.argv[1]}: step 1 of 2, 9 s left, loss 1", flush=True)
deadline = time.monotonic() + 60
while not seen and time.monotonic() < deadline:
    time.sleep(0.05)
pathlib.Path(f"checkpoint-{sys.argv[1]}").touch()
sys.exit(130)
"""
DVC = """
stages:
  check: {cmd: echo ok > check.txt, deps: [params.yaml], outs: [check.txt]}
  red-data: {cmd: echo red > red-data, deps: [check.txt], outs: [red-data]}
  red-train:
    matrix: {seed: [0, 1]}
    cmd: python train.py ${item.seed}
    deps: [red-data]
    outs: ["model-${item.seed}"]
  red-summarise: {cmd: cat model-0 > red.json, deps: [model-0, model-1], outs: [red.json: {cache: false}]}
"""
RUN = "import os, pathlib; from neural_odes.running import local; local.repro(pathlib.Path.cwd(), os.environ, cores=2)"


def test_ctrl_c_in_a_pipeline(tmp_path):
    """Sent as a terminal does, to the command and all that is in its process group."""
    for name, text in {"params.yaml": "seeds: [0, 1]\n", "dvc.yaml": DVC, "train.py": TRAIN}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    no_scm = true\n")
    environment = scratch.environment(tmp_path) | {"PYTHONPATH": os.pathsep.join(sys.path), "DVC_NO_ANALYTICS": "1"}
    command = [sys.executable, "-u", "-c", RUN]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        logs = [tmp_path / ".cache" / "logs" / f"red-{seed}.log" for seed in (0, 1)]
        deadline = time.monotonic() + 120
        while not all(path.exists() and "step 1" in path.read_text() for path in logs):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate()[0]
    assert process.returncode
    *_, last = said.splitlines()
    assert last == "1 of 4 jobs are done and kept; checkpoints of red-0, red-1; run it again to continue"
    assert "waiting for red-0, red-1\n" in said and "failed" not in said
    assert (tmp_path / "checkpoint-0").exists() and (tmp_path / "checkpoint-1").exists()
