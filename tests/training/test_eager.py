"""Optimisers without PyTorch's compiler do what they do with it."""

import subprocess
import sys

import pytest
import torch

from neural_odes.training import eager


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_steps_and_states_are_pytorchs(name):
    start, target = torch.randn(3, 4), torch.randn(3, 4)
    found = []
    for kind in (getattr(eager, name), getattr(torch.optim, name)):
        weight = start.clone().requires_grad_()
        optimiser = kind([weight], lr=0.1, weight_decay=0.1)
        for step in range(6):
            optimiser.zero_grad()
            (weight - target).pow(4).sum().backward()
            optimiser.step()
            if step == 2:
                state = optimiser.state_dict()
                optimiser = kind([weight], lr=1.0)
                optimiser.load_state_dict(state)
        found.append(weight.detach())
    torch.testing.assert_close(*found, rtol=0, atol=0)


def test_a_training_step_imports_no_compiler():
    code = """
import sys, torch
from neural_odes.training.optimisers import Optimiser, constant, muon_and_adam
import neural_odes.training.loop, neural_odes.density.train, neural_odes.trajectory.train
net = torch.nn.Linear(4, 4)
optimiser = Optimiser(muon_and_adam(net, muon_rate=0.1, adam_rate=0.1, smallest_side=4), constant, clip=1.0)
optimiser.step(net(torch.ones(2, 4)).sum(), 0)
optimiser.load_state_dict(optimiser.state_dict())
print([name for name in ("torch._dynamo", "torch._inductor", "pandas", "torchdiffeq", "mlflow") if name in sys.modules])
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
