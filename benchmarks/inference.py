"""Classifying the 10,000 test images: two threads, the trained weights of seed 0.

Usage: python benchmarks/inference.py [--repeats 5]   (from the project's folder, after `dvc repro`)

The peer is the network of torchdiffeq's MNIST example with our weights, solved as there (dopri5, 1e-3, float32, batches of
1,000). The error of each side is given beside its time.

Writes benchmarks/results/inference.json.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import harness
import numpy as np
import torch
from mnist_sides import Example
from torch import Tensor, nn

from neural_odes.classification.datasets import MNIST
from neural_odes.params import read
from neural_odes.pipeline import models, weights

THREADS, BATCH = 2, 1000


@torch.no_grad()
def classify(net: nn.Module, images: Tensor) -> Tensor:
    return torch.cat([net(batch).argmax(1) for batch in images.split(BATCH)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(THREADS)
    values = read(Path("params.yaml"))
    pixels, labels = (torch.from_numpy(np.load(f"data/classification/test_{part}.npy")) for part in ("images", "labels"))
    images = MNIST.standardise(pixels.float() / 255)

    def ours(model: str, precision: torch.dtype) -> nn.Module:
        network, params = models.find("classification", model, values["classification"]["models"][model])
        net = network(params, MNIST, precision)
        weights.load(net, Path(f"models/classification/{model}-0"))
        return net

    example = Example()
    example.load_ours(ours("odenet", torch.float32).state_dict())
    nets: dict[str, nn.Module] = {
        "odenet, solver and precision of training": ours("odenet", torch.bfloat16),
        "odenet, solver of training, float32": ours("odenet", torch.float32),
        "torchdiffeq's example": example,
        "resnet, bfloat16": ours("resnet", torch.bfloat16),
        "resnet, float32": ours("resnet", torch.float32),
    }
    sides: dict[str, Callable[[], Tensor]] = {name: partial(classify, net, images) for name, net in nets.items()}
    wrong = {name: 100 * float((run() != labels).double().mean()) for name, run in sides.items()}
    seconds = harness.alternate(sides, repeats)
    rows = [{"side": name, "error_pct": round(wrong[name], 2), **harness.spread(seconds[name])} for name in sides]
    harness.write("inference", rows, threads=THREADS, libraries=["torchdiffeq"], images=len(images), batch=BATCH)


if __name__ == "__main__":
    main()
