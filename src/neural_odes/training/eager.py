"""PyTorch's optimisers without its compiler.

Methods of theirs import it when they are first called, for nothing but to tell it to leave them alone. Nothing is compiled here,
and the import takes about as long as that of PyTorch. These call what is wrapped.
"""

import inspect

import torch
from torch.optim import Optimizer


class Eager:
    """To be named before the optimiser in a list of base classes."""

    add_param_group = inspect.unwrap(Optimizer.add_param_group)
    load_state_dict = inspect.unwrap(Optimizer.load_state_dict)
    state_dict = inspect.unwrap(Optimizer.state_dict)
    zero_grad = inspect.unwrap(Optimizer.zero_grad)


class Adam(Eager, torch.optim.Adam):
    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))


class AdamW(Eager, torch.optim.AdamW):
    step = torch.no_grad()(inspect.unwrap(torch.optim.AdamW.step))


class SGD(Eager, torch.optim.SGD):
    step = torch.no_grad()(inspect.unwrap(torch.optim.SGD.step))
