"""The page's numbers against PyTorch, SciPy and NumPy: asked of the page itself, in its own thread."""

import json

import numpy as np
import pytest
import torch

from neural_odes.classification.datasets import MNIST
from neural_odes.density.moons import TwoMoons
from neural_odes.pipeline import models
from neural_odes.solvers.solve import Adaptive, Fixed, solve
from neural_odes.trajectory import oracle, spirals

DEFAULT = {"method": "dopri5", "tolerance": 1e-6}
"""Of the room of the flow; test_rooms.py holds it to that."""


@pytest.fixture(scope="module")
def ask(chromium, page):
    """Asks the page as its rooms do, while it shows none, which would ask newer questions."""
    tab = chromium.tab()
    tab.open(f"{page.as_uri()}#room=about")
    tab.until("document.documentElement.dataset.shown")

    def asked(kind: str, then: str = "found => found", each=None, **question):
        """What the page answers; with ``each``, to the same question of several points, one after another."""
        arrays = "['points', 'pixels', 'point'].forEach(n => { if (n in q) q[n] = Float64Array.from(q[n]); });"
        one = f"explore.thread.ask('{kind}', q).then({then})"
        all_ = (
            f"const all = []; for (const point of {json.dumps(each)}) {{ q.point = point; all.push(await {one}); }} return all;"
        )
        body = f"return {one};" if each is None else all_
        return tab.evaluate(f"(async () => {{ const q = {json.dumps(question)}; {arrays} {body} }})()")

    yield asked
    tab.close()


@pytest.fixture
def network(root):
    """A committed model in float64, in which the page computes."""
    return lambda claim: models.restored(root / "reports" / "models" / claim).double()


@pytest.fixture(scope="module")
def points():
    return TwoMoons().sample(1000, np.random.default_rng(20))


@pytest.mark.parametrize(("method", "steps"), [("euler", 4), ("euler", 30), ("midpoint", 8), ("rk4", 8)])
@torch.no_grad()
def test_log_q_by_equal_steps(ask, network, points, method, steps):
    flow = network("density")
    expected = flow.log_q(torch.tensor(points), Fixed.uniform(method, flow.end_time, 0.0, steps))
    solver = {"method": method, "steps": steps}
    found = ask("density", "Array.from", points=points.ravel().tolist(), time=flow.end_time, solver=solver)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4, rtol=0)


@torch.no_grad()
def test_log_q_by_the_default_solver_is_that_of_a_tight_one(ask, network, points):
    flow = network("density")
    expected = flow.log_q(torch.tensor(points), Adaptive(1e-9, 1e-9))
    found = ask("point", "found => found.logQ", each=points.tolist(), solver=DEFAULT)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-3, rtol=0)


@torch.no_grad()
def test_a_point_of_the_flow(ask, network):
    flow = network("density")
    point, solver = [0.3, 0.8], {"method": "rk4", "steps": 4}
    found = ask("point", point=point, solver=solver)
    x = torch.tensor([point])
    coarse, back = flow.score(x, Fixed.uniform("rk4", flow.end_time, 0.0, 4))
    tight = flow.log_q(x, Adaptive(1e-10, 1e-10))
    z = back.y[-1, :, :2]
    there = torch.tensor([0.0, flow.end_time])
    again = flow.flow(z, torch.zeros(1), there, Fixed.uniform("rk4", 0.0, flow.end_time, 4)).y[-1, :, :2]
    assert found["nfe"] == 16
    assert found["logQ"] == pytest.approx(float(coarse), abs=1e-6)
    assert found["logP"] == pytest.approx(float(TwoMoons().log_prob(point)), abs=1e-6)
    assert found["solverError"] == pytest.approx(float(coarse - tight), abs=1e-5)
    assert found["thereAndBack"] == pytest.approx(float((again - x).norm()), abs=1e-6)


def test_the_exact_density(ask, points):
    far = np.random.default_rng(21).uniform(-4, 4, (200, 2))
    both = np.concatenate([points, far])
    found = ask("exact", "Array.from", points=both.ravel().tolist())
    np.testing.assert_allclose(found, TwoMoons().log_prob(both), atol=1e-6, rtol=1e-12)


def draw(number: int, noise: float = 0.3):
    """Three trajectories, as the page and as the library want their observations."""
    drawn = spirals.sample(3, window=100, starts=(0.0, 300.0), noise_std=noise, generator=np.random.default_rng(number))
    times, positions = drawn.first(number)
    told = [
        [{"t": int(t), "x": float(x), "y": float(y)} for t, (x, y) in zip(*each, strict=True)]
        for each in zip(times, positions, strict=True)
    ]
    return drawn, times, positions, told


@pytest.mark.parametrize("number", [1, 3, 30, 100])
def test_reconstructions(ask, network, number):
    """The page's rk4 against the library's dopri5 at 1e-7."""
    latent = network("trajectory")
    _, times, positions, told = draw(number)
    for row in range(3):
        expected = latent.reconstruct(times[row], positions[row], at=range(200), samples=1, tolerance=1e-7).mean
        found = ask("spiral", observations=told[row], noise=0.3)
        np.testing.assert_allclose(found["mean"], expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize(("number", "noise"), [(3, 0.3), (30, 0.3), (100, 0.3), (30, 1.0), (100, 0.05)])
def test_the_oracle(ask, number, noise):
    drawn, _, _, told = draw(number, noise)
    expected, _ = oracle.reconstruct(drawn.observations, drawn.observed(number), steps=200, starts=(0.0, 300.0), noise_std=noise)
    for row in range(3):
        found = ask("spiral", observations=told[row], noise=noise)
        np.testing.assert_allclose(found["oracle"], expected[row], atol=1e-6, rtol=0)


def test_the_band_holds_what_the_posterior_says(ask, network):
    """Quantiles of as many samples as PyTorch's generator gives, stretched by the same factors: equal but for chance."""
    latent = network("trajectory")
    _, times, positions, told = draw(30)
    drawn = latent.reconstruct(times[0], positions[0], at=range(200), samples=4000)
    found = ask("spiral", observations=told[0], noise=0.3)["band"]
    lower, upper = np.moveaxis(np.array(found["bounds"]), 1, 0)
    ratio = (upper - lower).mean(1) / (drawn.upper - drawn.lower)[found["times"]].mean(1)
    window = np.array(found["times"]) < 100
    assert np.std(ratio[window]) < 0.15 and np.std(ratio[~window]) < 0.15
    middles = [(high + low) / 2 for high, low in ((upper, lower), (drawn.upper[found["times"]], drawn.lower[found["times"]]))]
    assert np.median(np.abs(middles[0] - middles[1]) / (upper - lower)) < 0.1


@pytest.fixture(scope="module")
def digits(clone):
    """The page's test images, each moved in seven ways by up to a pixel."""
    with np.load(clone / "reports" / "source" / "explore-digits" / "digits.npz") as found:
        images = found["images"]
    moves = [(0, 0), (0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (-1, -1)]
    return np.concatenate([np.roll(images, move, axis=(2, 3)) for move in moves])


@torch.no_grad()
def test_logits(ask, network, digits):
    """By the solver of training, and by a tight one for some."""
    net = network("classification")
    assert len(digits) >= 200
    images = MNIST.standardise(torch.tensor(digits / 255))
    for solver, told, chosen in (
        (Fixed.uniform("rk4", 0.0, 1.0, 1), {"method": "rk4", "steps": 1}, slice(None)),
        (Fixed.uniform("euler", 0.0, 1.0, 3), {"method": "euler", "steps": 3}, slice(20)),
        (Adaptive(1e-7, 1e-7), {"method": "dopri5", "tolerance": 1e-6}, slice(5)),
    ):
        expected = net.solve(images[chosen], solver)[0].numpy()
        pixels = (digits[chosen] / 255).reshape(len(expected), -1)
        found = np.array([
            ask("digit", "found => Array.from(found.logits[0])", pixels=each.tolist(), solver=told, times=[1]) for each in pixels
        ])  # fmt: skip
        np.testing.assert_allclose(found, expected, atol=1e-3, rtol=0)
        assert (found.argmax(1) == expected.argmax(1)).all()


@torch.no_grad()
def test_the_head_along_the_time_of_the_ode(ask, network, digits):
    net = network("classification")
    image = MNIST.standardise(torch.tensor(digits[:1] / 255))
    start = net.stem(image)
    pixels = (digits[0] / 255).ravel().tolist()
    found = ask(
        "digit", "found => found.logits.map(l => Array.from(l))",
        pixels=pixels, solver={"method": "dopri5", "tolerance": 1e-6}, times=[0, 0.5, 1],
    )  # fmt: skip
    for logits, end in zip(found[:2], (0.0, 0.5), strict=True):
        h = start if end == 0 else _solved(net, start, end)
        np.testing.assert_allclose(logits, net.head(h)[0].numpy(), atol=5e-3)


def _solved(net, start: torch.Tensor, end: float) -> torch.Tensor:
    return solve(net.field, start, torch.tensor([0.0, end]), Adaptive(1e-8, 1e-8)).y[-1]
