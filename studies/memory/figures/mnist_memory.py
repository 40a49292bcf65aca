"""What a gradient keeps against depth."""

from pathlib import Path

from matplotlib.figure import Figure

from neural_odes.classification.appearance import MODELS
from neural_odes.figures import style
from neural_odes.pipeline.metrics import read_json


def draw(source: Path) -> Figure:
    """A line a model."""
    found = read_json(source / "memory.json")
    drawn, ax = style.new(size=(6.5, 3.9))
    for model in ("resnet", "rknet", "odenet"):
        look = MODELS[model]
        depth, kept = zip(*((point["depth"], point["bytes"] / 1024) for point in found[model]["points"]), strict=True)
        slope = found[model]["bytes_per_depth"] / 1024
        label = f"{look.label.partition(' ')[0]}: {round(slope)} KiB {'a block' if model == 'resnet' else 'an evaluation'}"
        ax.plot(depth, kept, color=look.colour, marker=look.marker, label=label)
    ax.set(
        xlabel="residual blocks, or evaluations of the field",
        ylabel="kept for the gradient (KiB per image)",
        title="Memory against depth",
        xlim=(0, None),
        ylim=(0, None),
    )
    ax.legend()
    return drawn
