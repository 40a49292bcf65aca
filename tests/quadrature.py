"""Posterior means of spirals by adaptive quadrature: what the oracle is held against."""

import math

import numpy as np
from scipy.integrate import quad_vec


def position(direction, time):
    """The two curves once more, from the formulas in the reference, (times, 2)."""
    angle = 6 * np.pi * time / 499
    if direction == 0:
        return np.stack([5 + 0.3 * angle * np.cos(angle), 0.3 * angle * np.sin(angle)], -1)
    z = 6 * np.pi + 1 - angle
    return np.stack([-5 + 15 / z * np.cos(z), 15 / z * np.sin(z)], -1)


def brute_force(observations, times, at, position=position):
    """Posterior means at the times ``at``, and log p(observations), by adaptive quadrature over the start, for one trajectory."""

    def log_likelihood(direction, start):
        return -((observations - position(direction, start + times)) ** 2).sum((-1, -2)) / (2 * 0.3**2)

    scan = np.linspace(0, 300, 30001)
    logs = [log_likelihood(d, scan[:, None]) for d in (0, 1)]
    peak = max(found.max() for found in logs)
    total = np.zeros(1 + 2 * len(at))
    for direction, found in enumerate(logs):
        near = scan[found > peak - 45]  # all but e⁻⁴⁵ of the mass
        if not len(near):
            continue

        def integrand(start, direction=direction):
            weight = math.exp(log_likelihood(direction, start) - peak)
            return weight * np.array([1.0, *position(direction, start + at).ravel()])

        low, high = max(0.0, near[0] - 0.01), min(300.0, near[-1] + 0.01)
        total += quad_vec(integrand, low, high, epsabs=0, epsrel=1e-8, points=[scan[found.argmax()]])[0]
    constant = len(times) * math.log(2 * math.pi * 0.3**2)
    return total[1:].reshape(-1, 2) / total[0], peak + math.log(total[0] / 600) - constant
