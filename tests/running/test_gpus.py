"""Which jobs share which GPU, by what the driver's program says: here another program of its name."""

import threading
import time

import pytest

from neural_odes.pipeline.names import StageName
from neural_odes.running import gpus, local
from neural_odes.running.graph import Node
from neural_odes.running.jobs import Job

TWO = "echo 'GPU-a, 81559'; echo 'GPU-b, 81559'"
SMALL = "echo 'GPU-a, 81559'; echo 'GPU-b, 6144'"


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Has ``nvidia-smi`` do what a line of the shell does; the path holds nothing else."""

    def install(line: str | None) -> None:
        if line is not None:
            (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{line}\n")
            (tmp_path / "nvidia-smi").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(gpus, "version", lambda package: "2.14.1+cu130")

    return install


@pytest.mark.parametrize(
    ("line", "environment", "names", "together"),
    [
        (None, {}, (), 4),
        ("exit 9", {}, (), 4),  # no driver that works
        ("echo 'No devices were found'", {}, (), 4),
        (TWO, {}, ("GPU-a", "GPU-b"), 4),
        (SMALL, {}, ("GPU-a", "GPU-b"), 1),
        (TWO, {"NEURAL_ODES_DEVICE": "cpu"}, (), 4),
        (TWO, {"CUDA_VISIBLE_DEVICES": "1"}, ("1",), 4),
        (TWO, {"CUDA_VISIBLE_DEVICES": "0, 1"}, ("0", "1"), 4),
        (TWO, {"CUDA_VISIBLE_DEVICES": ""}, (), 4),
        (TWO, {"CUDA_VISIBLE_DEVICES": "0,-1,1"}, ("0",), 4),  # as the driver reads it
    ],
)
def test_cards_are_those_that_the_driver_lists_and_the_environment_leaves(line, environment, names, together, driver):
    driver(line)
    cards = gpus.found(environment)
    assert (cards.names, cards.together) == (names, together)


def test_a_pytorch_without_cuda_uses_no_card(driver, monkeypatch):
    driver(TWO)
    monkeypatch.setattr(gpus, "version", lambda package: "2.14.1+cpu")
    assert gpus.found({}).names == ()


def test_a_job_is_given_the_card_with_the_fewest_until_all_are_full():
    cards = gpus.Cards(("a", "b"), together=2)
    assert all(cards.take(f"job-{i}") for i in range(4)) and not cards.take("job-4")
    assert [cards.variables(f"job-{i}")["CUDA_VISIBLE_DEVICES"] for i in range(4)] == ["a", "b", "a", "b"]
    cards.leave("job-1")
    assert cards.take("job-4") and cards.variables("job-4") == {"CUDA_VISIBLE_DEVICES": "b"}


def test_jobs_that_can_use_a_gpu_share_those_there_are(driver):
    """Two cards, four jobs on each, on cores enough for all; what needs none does not wait for one."""
    driver(TWO)
    cards = gpus.found({})
    seen, running, most, lock = {}, [], [], threading.Lock()

    def run(job):
        with lock:
            seen[job.name] = cards.variables(job.name).get("CUDA_VISIBLE_DEVICES")
            running.append(seen[job.name])
            most.append({card: running.count(card) for card in set(running)})
        time.sleep(0.1)
        with lock:
            running.remove(seen[job.name])
        return True

    stage = Node(StageName.parse("red-train"), (), expensive=True, threads=1, gpus=1.0, key="", made=(), kind="", seconds=0.0)
    trainings = [Job(f"train-{i}", (stage,), frozenset(), 1) for i in range(12)]
    others = [Job(f"data-{i}", (), frozenset(), 1) for i in range(3)]
    assert local.side_by_side([*trainings, *others], 32, run, cards)
    assert {seen[job.name] for job in trainings} == {"GPU-a", "GPU-b"} and {seen[job.name] for job in others} == {None}
    assert max(counted.get("GPU-a", 0) for counted in most) == max(counted.get("GPU-b", 0) for counted in most) == 4
