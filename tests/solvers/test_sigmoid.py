import itertools

import torch

from neural_odes.solvers.sigmoid import doubled, in_sigmoids, slope


def test_layers_of_sigmoids_give_what_layers_of_tanh_give():
    generator = torch.Generator().manual_seed(0)
    sizes = [3, 5, 4, 2]
    layers = [
        (torch.randn(m, n, generator=generator).double(), torch.randn(m, generator=generator).double())
        for n, m in itertools.pairwise(sizes)
    ]
    x = torch.randn(7, 3, generator=generator).double()
    expected, found = x, x
    for i, ((w, b), (v, c)) in enumerate(zip(layers, in_sigmoids(layers), strict=True)):
        expected, found = expected @ w.T + b, found @ v.T + c
        if i < len(layers) - 1:
            expected, found = expected.tanh(), found.sigmoid()
    torch.testing.assert_close(found, expected, atol=1e-13, rtol=0)


def test_slope_and_doubled_are_the_derivatives_of_the_logistic_function():
    a = torch.linspace(-3, 3, 13, dtype=torch.float64, requires_grad=True)
    s = a.sigmoid()
    (first,) = torch.autograd.grad(s.sum(), a, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), a)
    torch.testing.assert_close(slope(s), first)
    torch.testing.assert_close(-doubled(s) * slope(s), second)
    torch.testing.assert_close(doubled((2 * a).sigmoid()), a.tanh())
