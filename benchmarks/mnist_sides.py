"""The classifier of torchdiffeq's MNIST example, out of the modules it is made of there, trained as there."""

from typing import Any

import torch
import torchdiffeq
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from neural_odes.classification.augment import augment
from neural_odes.classification.params import AugmentParams

CROP = AugmentParams(rotation_degrees=0.0, scale=0.0, shear=0.0, shift_pixels=4, flip=False)


class _Field(nn.Module):
    """Two 3×3 convolutions of the state with the time as a 65th channel, normalised before, between and after."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.GroupNorm(32, 64) for _ in range(3)])
        self.convolutions = nn.ModuleList([nn.Conv2d(65, 64, 3, padding=1) for _ in range(2)])
        self.nfe = 0

    def forward(self, t: Tensor, x: Tensor) -> Tensor:
        self.nfe += 1
        for norm, convolution in zip(self.norms, self.convolutions, strict=False):
            x = torch.relu(norm(x))
            x = convolution(torch.cat([torch.ones_like(x[:, :1]) * t, x], 1))
        return self.norms[2](x)


class Example(nn.Module):
    """Stem, ODE block solved by dopri5 with rtol = atol = 1e-3, head; images between 0 and 1, as there."""

    def __init__(self, *, adjoint: bool = False):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 64, 3, 1), nn.GroupNorm(32, 64), nn.ReLU(inplace=True),
            nn.Conv2d(64, 64, 4, 2, 1), nn.GroupNorm(32, 64), nn.ReLU(inplace=True),
            nn.Conv2d(64, 64, 4, 2, 1),
        )  # fmt: skip
        self.field = _Field()
        self.head = nn.Sequential(
            nn.GroupNorm(32, 64), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(64, 10)
        )
        self.odeint = torchdiffeq.odeint_adjoint if adjoint else torchdiffeq.odeint

    def forward(self, x: Tensor) -> Tensor:
        h = self.stem(x)
        times = torch.tensor([0, 1], dtype=h.dtype, device=h.device)
        return self.head(self.odeint(self.field, h, times, rtol=1e-3, atol=1e-3)[1])

    def load_ours(self, state: dict[str, Tensor]) -> None:
        """Takes the weights of our ODE-Net: the same numbers in other shapes."""
        shapes = {name: p.shape for name, p in self.state_dict().items()}
        stem = {"0": "first", "1": "first.norm", "3": "second", "4": "norm", "6": "third"}
        names = {f"stem.{theirs}": f"stem.{ours}" for theirs, ours in stem.items()}
        names |= {f"field.norms.{i}": f"field.norms.{i}" for i in range(3)}
        names |= {f"field.convolutions.{i}": f"field.convolutions.{i}" for i in range(2)}
        names |= {"head.0": "head.norm", "head.4": "head"}
        self.load_state_dict(
            {
                f"{theirs}.{kind}": state[f"{ours}.{kind}"].reshape(shapes[f"{theirs}.{kind}"])
                for theirs, ours in names.items()
                for kind in ("weight", "bias")
            }
        )


class ExampleTraining:
    """SGD 0.1 with momentum 0.9, batches of 128, random crops of padded images."""

    def __init__(self, train: tuple[Tensor, Tensor], *, adjoint: bool = False):
        self.net = Example(adjoint=adjoint).to(train[0].device)
        self.images, self.labels = train
        self.generator = torch.Generator().manual_seed(0)
        self.optimiser = torch.optim.SGD(self.net.parameters(), lr=0.1, momentum=0.9)
        self.order: Any = []

    def step(self, index: int) -> None:
        place = index % (len(self.labels) // 128)
        if place == 0:
            self.order = torch.randperm(len(self.labels), generator=self.generator)
        chosen = self.order[place * 128 :][:128].to(self.labels.device)
        self.optimiser.zero_grad()
        x = augment(self.images[chosen], CROP, self.generator)
        cross_entropy(self.net(x), self.labels[chosen]).backward()
        self.optimiser.step()
