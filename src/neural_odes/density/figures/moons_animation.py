"""The flow, moving."""

from collections.abc import Iterator
from pathlib import Path

from numpy import ndarray

from neural_odes.density.figures.moons_flow import cloud, load
from neural_odes.figures import style

_SHOWN, _HELD = 80, 800  # milliseconds; the ends stand still for a while


def frames(source: Path) -> Iterator[tuple[ndarray, int]]:
    """Each of the ``times`` of ``flow.npz``, and the milliseconds that it is shown."""
    flow = load(source)
    last = len(flow["times"]) - 1
    for index, time in enumerate(flow["times"]):
        drawn, ax = style.new(size=(4, 4.2))
        cloud(ax, flow, index)
        ax.set(title=f"Gaussian → moons, t = {time:.2f} T", xlabel="x", ylabel="y")
        yield style.pixels(drawn), _HELD if index in (0, last) else _SHOWN
