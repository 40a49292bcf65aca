"""Points of each distribution, and samples of flows of each kind and size."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from neural_odes.figures import style
from neural_odes.pipeline.metrics import read_json
from studies.widths.appearance import MODELS


def draw(source: Path) -> Figure:
    """From ``samples.npz``, with sizes and boxes in ``samples.json``; a row a distribution and kind."""
    told = read_json(source / "samples.json")
    rows, columns = len(told["boxes"]) * len(MODELS), 1 + len(told["sizes"])
    drawn, axes = style.new(rows, columns, size=(2.3 * columns, 2.2 * rows), squeeze=False)
    kinds = [(shown["data"], shown["box"], model) for shown in told["boxes"] for model in MODELS]
    with np.load(source / "samples.npz") as samples:
        for row, (data, (x, y), model) in zip(axes, kinds, strict=True):
            kind, look = MODELS[model], MODELS[model].look
            panels = [(f"{data}, points", data, style.GREY)]
            panels += [(f"{look.label}, {kind.letter} = {n}", f"{data}-{model}-{n}", look.colour) for n in told["sizes"]]
            for ax, (title, name, colour) in zip(row, panels, strict=True):
                ax.plot(*samples[name].astype(float).T, ".", color=colour, markersize=1.2, alpha=0.5, rasterized=True)
                ax.set(title=title, aspect="equal", xlim=x, ylim=y)
    return drawn
