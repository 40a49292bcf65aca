"""The test images that the ODE-Net misreads."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from neural_odes.figures import style
from neural_odes.pipeline.metrics import read_json

_ROWS, _COLUMNS = 3, 12


def draw(source: Path) -> Figure:
    """A grid of them, each with its label and the answer."""
    told = read_json(source / "misread.json")
    drawn, axes = style.new(_ROWS, _COLUMNS, size=(11, 3.7))
    with np.load(source / "misread.npz") as found:
        for ax in axes.flat:
            ax.axis("off")
        for ax, image, label, said in zip(axes.flat, found["images"], found["label"], found["said"], strict=False):
            ax.imshow(_shown(image), cmap="gray", vmin=0, vmax=255)
            ax.set_title(f"{label} → {said}", fontsize=12)
        number = len(found["images"])
        which = "all" if number == told["misread"] else f"the {number} most confident of"
        drawn.suptitle(
            f"Label → ODE-Net's answer: {which} {told['misread']} misread among {told['of']:,} test images (seed {told['seed']})",
            fontsize=13,
        )
    return drawn


def _shown(image: np.ndarray) -> np.ndarray:
    """An image (channels, side, side) for ``imshow``: one channel as ink on white paper, colours as they are."""
    return 255 - image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)
