"""The page on which the models answer: how far its numbers are from PyTorch's, and how long it takes to answer, in Chromium.

Usage: python benchmarks/explore.py [--repeats 9]   (from the project's folder, after `dvc repro`)

Everything, all processes of the browser included, runs on one core. Times are from an input event to the picture that it leads
to, by the page's own clock. Differences are the largest over 1,000 points, 20 trajectories for each number of observations, and
the first 200 test images.

Writes benchmarks/results/explore.json and, as its still, docs/explore.png.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import browser
import harness
import numpy as np
import torch
from browser import Tab
from numpy import ndarray

from neural_odes.classification.datasets import MNIST
from neural_odes.density.moons import TwoMoons
from neural_odes.pipeline import models
from neural_odes.solvers.solve import Adaptive, Fixed
from neural_odes.trajectory import oracle, spirals

PAGE, MODELS, STILL = Path("reports/html/explore.html"), Path("reports/models"), Path("docs/explore.png")
POINTS, TRAJECTORIES, NUMBERS, IMAGES, NOISE = 1000, 20, (3, 30, 50, 100), 200, 0.3
STILL_SIZE = 1000, 640

TIMED = """
(room, act, answer) => new Promise(resolve => {
  const before = answer(room), draw = room.draw, start = performance.now();
  room.draw = (...given) => {
    draw.apply(room, given);
    if (answer(room) === before) return;
    delete room.draw;
    resolve(performance.now() - start);
  };
  act(room);
})
"""
"""From an act to the first picture of another answer, in milliseconds."""

SOLVERS: tuple[dict[str, Any], ...] = (
    {"solver": "euler", "steps": 4},
    {"solver": "rk4", "steps": 1},
    {"solver": "rk4", "steps": 8},
    {"solver": "dopri5", "tolerance": "1e-3"},
    {"solver": "dopri5", "tolerance": "1e-4"},
    {"solver": "dopri5", "tolerance": "1e-6"},
)


class Page:
    """The page in a tab."""

    def __init__(self, tab: Tab):
        self.tab = tab

    def show(self, address: str) -> None:
        self.tab.open("about:blank")
        self.tab.open(f"{PAGE.absolute().as_uri()}#{address}")
        self.tab.until("document.documentElement.dataset.shown && explore.thread.asked.size === 0")

    def ask(self, kind: str, then: str, **question: Any) -> ndarray:
        """What the page answers, as ``then`` makes numbers of it."""
        arrays = "for (const n of ['points', 'pixels', 'point']) if (n in q) q[n] = Float64Array.from(q[n]);"
        asked = f"(() => {{ const q = {json.dumps(question)}; {arrays} return explore.thread.ask('{kind}', q).then({then}); }})()"
        return np.array(self.tab.evaluate(asked))

    def seconds(self, room: str, acts: list[str], answer: str) -> list[float]:
        """Of each act, which must lead to another answer."""
        return [self.tab.evaluate(f"({TIMED})(explore.made.{room}, {act}, room => room.{answer})") / 1000 for act in acts]


def restored(claim: str) -> Any:
    """A committed model in float64, in which the page computes."""
    torch.set_default_dtype(torch.float64)
    found: Any = models.restored(MODELS / claim)
    torch.set_default_dtype(torch.float32)
    return found.double()


def largest(found: ndarray, expected: Any) -> float:
    return float(np.abs(found - np.asarray(expected)).max())


@torch.no_grad()
def agreement(page: Page) -> list[dict[str, Any]]:
    """Largest differences, beside what they may be."""
    rows = [*_flow(page), *_spirals(page), *_digits(page)]
    return [{"what": what, "difference": difference, "limit": limit} for what, difference, limit in rows]


def _flow(page: Page) -> list[tuple[str, float, float]]:
    flow, moons = restored("density"), TwoMoons()
    x = moons.sample(POINTS, np.random.default_rng(20))
    points, z = x.ravel().tolist(), torch.tensor(x)

    def log_q(solver: dict[str, Any]) -> ndarray:
        return page.ask("density", "Array.from", points=points, time=flow.end_time, solver=solver)

    steps = {"euler": 8, "midpoint": 8, "rk4": 8}
    equal = max(
        largest(log_q({"method": method, "steps": n}), flow.log_q(z, Fixed.uniform(method, flow.end_time, 0.0, n)))
        for method, n in steps.items()
    )
    default = {"method": "dopri5", "tolerance": float(page.tab.evaluate("explore.made.flow.state.tolerance"))}
    alone = [float(page.ask("point", "found => found.logQ", point=point, solver=default)) for point in x.tolist()]
    tight = largest(np.array(alone), flow.log_q(z, Adaptive(1e-9, 1e-9)))
    exact = page.ask("exact", "Array.from", points=points)
    return [
        ("log q by equal steps (nats)", equal, 1e-4),
        ("log q of a point by the page's default solver, against a tight one (nats)", tight, 1e-3),
        ("exact density, log p (nats)", largest(exact, moons.log_prob(x)), 1e-6),
    ]


def _spirals(page: Page) -> list[tuple[str, float, float]]:
    latent = restored("trajectory")
    curves, best = 0.0, 0.0
    for number in NUMBERS:
        drawn = spirals.sample(
            TRAJECTORIES, window=100, starts=(0.0, 300.0), noise_std=NOISE, generator=np.random.default_rng(number)
        )
        means, _ = oracle.reconstruct(drawn.observations, drawn.observed(number), steps=200, starts=(0.0, 300.0), noise_std=NOISE)
        for t, x, mean in zip(*drawn.first(number), means, strict=True):
            told = [{"t": int(when), "x": float(a), "y": float(b)} for when, (a, b) in zip(t, x, strict=True)]
            ours, oracles = page.ask("spiral", "found => [found.mean, found.oracle]", observations=told, noise=NOISE)
            curves = max(curves, largest(ours, latent.reconstruct(t, x, at=range(200), samples=1, tolerance=1e-7).mean))
            best = max(best, largest(oracles, mean))
    return [("reconstruction and continuation (a coordinate)", curves, 1e-3), ("Bayes oracle (a coordinate)", best, 1e-6)]


def _digits(page: Page) -> list[tuple[str, float, float]]:
    net = restored("classification")
    images = np.load("data/classification/test_images.npy")[:IMAGES] / 255
    expected = net.solve(MNIST.standardise(torch.tensor(images)), Fixed.uniform("rk4", 0.0, 1.0, 1))[0].numpy()
    solver = {"method": "rk4", "steps": 1}
    pixels = images.reshape(IMAGES, -1)
    logits = "found => Array.from(found.logits[0])"
    found = np.array([page.ask("digit", logits, pixels=each.tolist(), solver=solver, times=[1]) for each in pixels])
    others = float((found.argmax(1) != expected.argmax(1)).sum())
    return [("logits", largest(found, expected), 1e-3), ("images of which it reads another digit", others, 0.0)]


def latencies(page: Page, repeats: int) -> list[dict[str, Any]]:
    """Of what a reader does, with how long it may take."""

    def row(what: str, limit: float, seconds: list[float]) -> dict[str, Any]:
        return {"what": what, "limit_ms": limit} | harness.spread(seconds[1:])

    def solver(chosen: dict[str, Any]) -> str:
        return f"room => {{ room.form.set({json.dumps(chosen)}); room.changed('solver'); }}"

    first = []
    for _ in range(repeats + 1):
        page.tab.open("about:blank")
        page.tab.open(f"{PAGE.absolute().as_uri()}#room=flow")
        first.append(page.tab.evaluate(
            "new Promise(done => { const look = () => explore.made.flow?.cloud ? done(performance.now()) : setTimeout(look, 5);"
            " look(); })"
        ) / 1000)  # fmt: skip
    rows = [row("first picture", 1000, first)]
    for chosen in SOLVERS:
        name = f"{chosen['solver']}, {chosen.get('steps') or chosen['tolerance']}"
        page.show("room=flow")
        rows.append(row(f"flow, 1,000 points: {name}", 300, page.seconds("flow", [solver(chosen)] * (repeats + 1), "cloud")))
    moves = [f"room => room.choose({0.1 + 0.01 * i}, 0.9)" for i in range(repeats + 1)]
    rows.append(row("flow: a point", 300, page.seconds("flow", moves, "path")))
    for count in (30, 100):
        page.show(f"room=spiral&count={count}")
        moves = [f"room => {{ room.take(3); room.move({0.1 * i}, 1); }}" for i in range(repeats + 1)]
        rows.append(row(f"spiral: one of {count} observations", 100, page.seconds("spiral", moves, "found")))
    page.show("room=digit")
    for chosen in SOLVERS[:4]:
        name = f"{chosen['solver']}, {chosen.get('steps') or chosen['tolerance']}"
        rows.append(row(f"digit: {name}", 100, page.seconds("digit", [solver(chosen)] * (repeats + 1), "found")))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    program = browser.find()
    if program is None:
        parser.error("Chromium is not installed")
    harness.one_core()
    with tempfile.TemporaryDirectory() as folder, browser.running(program, Path(folder)) as running:
        version = running.call("Browser.getVersion")["product"]
        page = Page(running.tab())
        page.tab.window(1280, 900)
        rows = latencies(page, repeats)
        page.show("room=flow")
        found = agreement(page)
        page.tab.window(*STILL_SIZE, scale=1.5)
        page.show("room=flow&time=0.8")
        page.tab.evaluate("document.querySelector('#flow h2').scrollIntoView(); 0")
        page.tab.evaluate("new Promise(done => setTimeout(done, 5000))")
        page.tab.screenshot(STILL)
    about = {"points": POINTS, "trajectories": TRAJECTORIES * len(NUMBERS), "images": IMAGES, "browser": version}
    harness.write("explore", rows, threads=1, agreement=found, page_MB=round(PAGE.stat().st_size / 1e6, 2), **about)


if __name__ == "__main__":
    main()
