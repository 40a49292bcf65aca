"""How far a training step is from what the processor can do, and where its time goes, for the trainings of the three claims.

Usage: python benchmarks/profile_steps.py [--steps 20]   (from the project's folder, after `dvc repro`)

One core, one thread. The work is that of convolutions and matrix products, there and back, but for the optimiser's; the peak is
the best rate of large matrix products and of a large convolution, in the precision in which most of that work is done. Shares are
from PyTorch's profiler, in steps of their own: ``products``, convolutions and matrix products; ``arithmetic``, all other
operators (normalisation, activations, casts, the solver's sums); ``data``, drawing and moving a batch; ``optimiser``, its update;
``python``, what is left: PyTorch's dispatch, the solver's bookkeeping and our own lines (the profiler's cost is in it, too).

Writes benchmarks/results/profile_steps.json.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import harness
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tasks import task_of
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from neural_odes.classification import train as classification
from neural_odes.pipeline.machine import multiplies

_CONVOLUTIONS = "bfloat16" if multiplies(torch.bfloat16, "cpu") else "float32"
TRAININGS = {
    "odenet": ("classification-train@odenet-0", _CONVOLUTIONS),
    "resnet": ("classification-train@resnet-0", _CONVOLUTIONS),
    "cnf": ("density-train@cnf-0", "float32"),
    "latent_ode": ("trajectory-train@latent_ode-0", "float32"),
}
"""The stage of each, and the precision of its products."""
PRODUCTS = ("conv", "mm", "linear", "matmul", "mkldnn")
PARTS = ("products", "arithmetic", "data", "optimiser", "python")
SIDES = (512, 1024, 2048)  # of square matrices
IMAGES, CHANNELS, PIXELS = 64, 64, 28  # of the convolution, 3×3


def peak(precision: str) -> float:
    """GFLOP/s of the fastest of several large products."""
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator).to(getattr(torch, precision))

    sides: dict[str, Callable[[], object]] = {}
    gflop: dict[str, float] = {}
    for side in SIDES:
        sides[f"{side}"], gflop[f"{side}"] = partial(torch.mm, drawn(side, side), drawn(side, side)), 2 * side**3 / 1e9
    images, kernel = drawn(IMAGES, CHANNELS, PIXELS, PIXELS), drawn(CHANNELS, CHANNELS, 3, 3)
    sides["convolution"] = partial(F.conv2d, images, kernel, padding=1)
    gflop["convolution"] = 2 * IMAGES * PIXELS**2 * CHANNELS**2 * 9 / 1e9
    return max(gflop[name] / min(seconds) for name, seconds in harness.alternate(sides, 10).items())


class Counted(TorchDispatchMode):
    """Counts the floating-point work of what runs within, but for the optimiser's, by PyTorch's own formulas.

    Its ``FlopCounterMode`` puts hooks on modules, which a gradient taken within a solve does not allow.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flop, self._optimising = 0, False
        register_optimizer_step_pre_hook(lambda *_: setattr(self, "_optimising", True))
        register_optimizer_step_post_hook(lambda *_: setattr(self, "_optimising", False))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if not self._optimising and (formula := flop_registry.get(func.overloadpacket)):
            self.flop += formula(*args, **(kwargs or {}), out_val=out)
        return out


def work(step: Callable[[int], object], first: int, steps: int) -> float:
    """GFLOP of a step, on average."""
    with Counted() as counted:
        for index in range(first, first + steps):
            step(index)
    return counted.flop / steps / 1e9


def part(event: Any) -> str:
    """Of an operator, by its own name or that of what it ran in."""
    within = event
    while within is not None:
        if within.name.startswith("Optimizer.step"):
            return "optimiser"
        if within.name == "data":
            return "data"
        within = within.cpu_parent
    return "products" if any(word in event.name for word in PRODUCTS) else "arithmetic"


def shares(step: Callable[[int], object], first: int, steps: int) -> dict[str, float]:
    """Of a step's time, by part."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        start = time.perf_counter()
        for index in range(first, first + steps):
            step(index)
        wall = time.perf_counter() - start
    spent = dict.fromkeys(PARTS, 0.0)
    for event in seen.events():
        if event.name.startswith("aten::") or "Backward" in event.name:
            spent[part(event)] += event.self_cpu_time_total / 1e6
    spent["python"] = wall - sum(spent.values())
    return {name: round(seconds / wall, 3) for name, seconds in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20)
    steps = parser.parse_args().steps
    harness.one_core()
    augment = classification.augment

    def labelled(*arguments: Any, **options: Any) -> Any:
        with record_function("data"):
            return augment(*arguments, **options)

    classification.augment = labelled
    peaks = {precision: round(peak(precision), 1) for precision in sorted({precision for _, precision in TRAININGS.values()})}
    rows = []
    for name, (stage, precision) in TRAININGS.items():
        task = task_of(stage, {"classification.train.early_epochs": 0})  # steps of whole images
        if name == "cnf":  # whose steps grow with what it has learned
            task.flow.load_state_dict(load_file("reports/models/density/model.safetensors"))
        gflop = work(task.step, 0, 5)
        seconds = harness.each(task.step, first=5, steps=steps)
        rows.append(
            {"side": name, "precision": precision, "gflop": round(gflop, 3), **harness.spread(seconds)}
            | shares(task.step, 5 + steps, steps)
        )
    harness.write("profile_steps", rows, threads=1, peak_gflops=peaks)


if __name__ == "__main__":
    main()
