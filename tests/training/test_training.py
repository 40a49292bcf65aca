"""The loop: history, exact resume after SIGKILL at any instant, and refusal of what is damaged or not finite."""

import json
import os
import signal
import subprocess
import sys
import time
import types

import pytest
import torch

from neural_odes.errors import UserError
from neural_odes.pipeline.stage import Stage
from neural_odes.solvers.solve import SolverError
from neural_odes.training.checkpoint import Checkpoint
from neural_odes.training.loop import NUMERIC, _code, fit, run
from neural_odes.training.optimisers import Optimiser, muon_and_adam, soap, warmup_cosine


class Regression:
    """Fits a small network to a sine; its optimiser has the nested state of a real one."""

    def __init__(self, kind="soap", poison=None, steps=60):
        self.steps, self.validate_at = steps, range(0, steps, 20)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.net = torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Linear(8, 8), torch.nn.Linear(8, 1))
        parts = (
            [soap(self.net.parameters(), 0.01)]
            if kind == "soap"
            else muon_and_adam(self.net, muon_rate=0.02, adam_rate=0.01, smallest_side=8)
        )
        self.optimiser = Optimiser(parts, warmup_cosine(60, 5), clip=1.0)
        self.generator = torch.Generator().manual_seed(1)
        self.poison = poison

    @property
    def trained(self):
        return self.net

    def step(self, index):
        x = torch.rand(16, 1, generator=self.generator)
        loss = (self.net(x) - torch.sin(6 * x)).square().mean()
        if index == self.poison:
            loss = loss * float("nan")
        self.optimiser.step(loss, index)
        return {"loss": loss.detach()}

    @torch.no_grad()
    def validate(self):
        x = torch.linspace(0, 1, 20)[:, None]
        return {"validation": float((self.net(x) - torch.sin(6 * x)).square().mean())}

    def state_dict(self):
        return {"net": self.net.state_dict(), "optimiser": self.optimiser.state_dict(), "generator": self.generator.get_state()}

    def load_state_dict(self, state):
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])


def _fit(task, folder, on_rows=lambda rows: None):
    return run(task, checkpoint=Checkpoint(folder, "x"), title="test", on_rows=on_rows)


@pytest.mark.parametrize("kind", ["soap", "muon"])
def test_interrupted_and_resumed_is_the_same(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("NEURAL_ODES_CHECKPOINT_SECONDS", "0")
    whole = Regression(kind)
    history = _fit(whole, tmp_path / "a")
    for stop in (1, 37):

        def interrupt(rows, stop=stop):
            if rows[-1][0] == stop:
                os.kill(os.getpid(), signal.SIGINT)

        (tmp_path / str(stop)).mkdir()
        with pytest.raises(KeyboardInterrupt):
            _fit(Regression(kind), tmp_path / str(stop), on_rows=interrupt)
        resumed = Regression(kind)
        again = _fit(resumed, tmp_path / str(stop))
        assert again.equals(history)
        for key, value in whole.net.state_dict().items():
            assert torch.equal(resumed.net.state_dict()[key], value)


def test_it_is_interrupted_where_ctrl_c_was_ignored_before(tmp_path):
    """A script starts what it puts into the background so."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(KeyboardInterrupt):
            _fit(Regression(), tmp_path / "a", on_rows=lambda rows: os.kill(os.getpid(), signal.SIGINT))
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert Checkpoint(tmp_path / "a", "x").load()["step"] == 1


@pytest.fixture(autouse=True)
def _folder(tmp_path):
    (tmp_path / "a").mkdir()


def test_killed_at_random_instants_and_resumed_to_the_same_bytes(tmp_path, monkeypatch):
    """SIGKILL while steps and checkpoint writes alternate as fast as they can."""
    monkeypatch.setenv("NEURAL_ODES_CHECKPOINT_SECONDS", "0")
    whole = Regression()
    history = _fit(whole, tmp_path / "a")
    folder = tmp_path / "killed"
    folder.mkdir()
    checkpoint = folder / "x.checkpoint"
    kills = 0
    for delay in (0.0, 0.003, 0.01, 0.02):
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
        child = os.fork()
        if child == 0:
            _fit(Regression(), folder)
            os._exit(0)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and (not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before):
            time.sleep(0.0005)
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        kills += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert kills
    resumed = Regression()
    assert _fit(resumed, folder).equals(history)
    for key, value in whole.net.state_dict().items():
        assert torch.equal(resumed.net.state_dict()[key], value)


def test_not_finite_stops_with_step_and_remedy(tmp_path):
    with pytest.raises(UserError, match=r"loss is nan at step 31; lower the learning rate"):
        _fit(Regression(poison=30), tmp_path / "a")


def test_a_state_that_is_not_finite_is_not_kept(tmp_path, monkeypatch):
    """An infinite gradient spoils the weights at a step whose own loss is finite."""
    monkeypatch.setenv("NEURAL_ODES_CHECKPOINT_SECONDS", "0")

    class Spoilt(Regression):
        def step(self, index):
            found = super().step(index)
            if index == 30:
                self.net[0].weight.data[0] = torch.inf
            return found

    with pytest.raises(UserError, match=r"not finite after step 31; lower .*\(the last good checkpoint is kept\)"):
        _fit(Spoilt(), tmp_path / "a")
    assert Checkpoint(tmp_path / "a", "x").load()["step"] == 30


@pytest.mark.parametrize(("where", "step"), [("step", 31), ("validate", 20)])
def test_a_solver_that_gives_up_says_at_which_step_and_what_a_training_can_change(tmp_path, where, step):
    """The solver does not know that it serves a training; anything else that goes wrong there has advice of its own."""

    class Stiff(Regression):
        error: UserError = SolverError("dopri5 gave up; loosen rtol and atol")

        def step(self, index):
            if where == "step" and index == 30:
                raise self.error
            self.index = index
            return super().step(index)

        def validate(self):
            if where == "validate" and self.index == 19:
                raise self.error
            return super().validate()

    kept = r"\(the last good checkpoint is kept\)$"
    with pytest.raises(UserError, match=rf"^test: step {step}: dopri5 gave up; loosen .*; or lower the learning rate {kept}"):
        _fit(Stiff(), tmp_path / "a")
    Stiff.error = UserError("data: damaged; dvc checkout")
    with pytest.raises(UserError, match=rf"^test: step {step}: data: damaged; dvc checkout {kept}"):
        _fit(Stiff(), tmp_path / "a")


def test_damaged_checkpoint_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURAL_ODES_CHECKPOINT_SECONDS", "0")
    _fit(Regression(steps=3), tmp_path / "a")
    path = tmp_path / "a" / "x.checkpoint"
    content = bytearray(path.read_bytes())
    for damaged in (content[:-1], content[:100], b"", bytes([*content[:200], content[200] ^ 1, *content[201:]])):
        path.write_bytes(bytes(damaged))
        with pytest.raises(UserError, match=r"x\.checkpoint: the checkpoint is damaged .* rm "):
            _fit(Regression(steps=3), tmp_path / "a")


def test_a_training_is_held_by_one_process(tmp_path):
    with Checkpoint(tmp_path, "x").held():
        code = "import sys; from pathlib import Path; from neural_odes.training.checkpoint import Checkpoint\n"
        code += f"with Checkpoint(Path({str(tmp_path)!r}), 'x').held(): pass"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert f"kill {os.getpid()}" in other.stderr


def test_history_holds_means_between_rows(tmp_path):
    class Counter(Regression):
        def step(self, index):
            return {"loss": torch.tensor(float(index))}

    history = _fit(Counter(steps=400), tmp_path / "a")
    loss = history[history.metric == "loss"]
    assert list(loss.step) == list(range(2, 401, 2))
    assert list(loss.value) == [s - 1.5 for s in loss.step]  # mean of the indices s−2 and s−1


def test_checkpoint_keeps_types(tmp_path):
    state = {"a": [1, 2.5, None, "x", torch.arange(3)], 3: {"b": True, "c": [[]]}, "e": torch.zeros(0)}
    box = Checkpoint(tmp_path, "x")
    box.save(state)
    loaded = box.load()
    assert loaded[3] == state[3] and loaded["a"][:4] == state["a"][:4]
    assert torch.equal(loaded["a"][4], state["a"][4]) and loaded["e"].shape == (0,)


STUDY_YAML = """
stages:
  toy-wide:
    matrix: {seed: [3]}
    cmd: python ../../stages/study.py wide ${item.seed}
    params: [toy.wide]
    outs: ["models/wide-${item.seed}"]
"""


def test_a_stage_of_a_study_trains_in_the_clone(tmp_path, monkeypatch):
    """Wherever it runs, its checkpoint lies in the cache of the clone; it goes once the outputs are whole."""
    study = tmp_path / "studies" / "sizes"
    study.mkdir(parents=True)
    (tmp_path / ".dvc").mkdir()
    (study / "dvc.yaml").write_text(STUDY_YAML)
    (study / "params.yaml").write_text("toy: {wide: {steps: 5}}\n")
    monkeypatch.chdir(study)
    monkeypatch.setenv("NEURAL_ODES_TRACKING", "off")
    monkeypatch.setenv("NEURAL_ODES_CACHE", "kept")
    monkeypatch.setenv("NEURAL_ODES_CHECKPOINT_SECONDS", "0")
    with Stage("python ../../stages/study.py wide 3", study) as stage:
        steps = stage.section("toy.wide", dict)["steps"]
        fit(stage, Regression(steps=steps))
        (checkpoint,) = (tmp_path / "kept" / "checkpoints").glob("*.checkpoint")
        stage.finish()
        assert not checkpoint.exists()
    out = study / "models" / "wide-3"
    assert (out / "history.csv").read_text().startswith("step,metric,value\n1,loss,")
    assert json.loads((out / "training.json").read_text()) == {"device": "cpu", "input_key": stage.record.input_key("cpu")}


def test_a_checkpoint_is_of_the_versions_that_can_change_a_number(root):
    lines = (root / "constraints-numeric.txt").read_text().splitlines()
    named = {line.partition("==")[0].replace("_", "-") for line in lines if not line.startswith("#")}
    assert named == set(NUMERIC) <= _code().keys()


def test_a_checkpoint_is_of_the_code_of_a_study_too(tmp_path, monkeypatch):
    module = types.ModuleType("studies.sizes.wide")
    module.__file__ = str(tmp_path / "wide.py")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    found = []
    for text in ("a = 1", "a = 2"):
        (tmp_path / "wide.py").write_text(text)
        found.append(_code())
    assert found[0].keys() == found[1].keys() >= {"neural_odes.training.loop", "studies.sizes.wide", "torch"}
    assert {name for name in found[0] if found[0][name] != found[1][name]} == {"studies.sizes.wide"}
