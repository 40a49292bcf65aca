"""How the claim's figures and tables show its models and those of its studies."""

from typing import Any

from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator

from neural_odes.figures.style import BLUE, GREEN, ORANGE, PURPLE, RED, SKY, Look

MODELS = {
    "odenet": Look(label="ODE-Net", colour=BLUE, marker="o"),
    "rknet": Look(label="RK-Net", colour=SKY, marker="v"),
    "resnet": Look(label="ResNet (6 blocks)", colour=ORANGE, marker="s"),
    "resnet1": Look(label="ResNet (1 block)", colour=RED, marker="D"),
    "stem": Look(label="stem alone", colour=GREEN, marker="^"),
    "mlp": Look(label="1-layer MLP", colour=PURPLE, marker="P"),
}


def plain_ticks(axis: Any) -> None:
    """Numbers such as 0.5 rather than powers of ten, at 1, 2 and 5 (over a short range: 1, 1.5, 2, 3, 5, 7) times one."""
    low, high = axis.get_view_interval()
    steps = (1, 2, 5) if high / low > 30 else (1, 1.5, 2, 3, 5, 7)
    ticks = [m * 10.0**e for e in range(-6, 6) for m in steps]
    axis.set_major_locator(FixedLocator([t for t in ticks if low <= t <= high]))
    axis.set_major_formatter(FormatStrFormatter("%g"))
    axis.set_minor_locator(NullLocator())
