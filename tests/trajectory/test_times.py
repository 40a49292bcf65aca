"""Observation times: every order is a permutation, and clustered ones gather where they should."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, norm

from neural_odes.trajectory.times import Clusters, random_order


@pytest.mark.parametrize("clusters", [None, Clusters(3, 5.0)])
def test_every_time_comes_once(clusters):
    order = random_order(50, 100, torch.Generator().manual_seed(0), clusters)
    np.testing.assert_array_equal(order.sort(1).values, np.tile(np.arange(100), (50, 1)))
    assert len({tuple(row.tolist()) for row in order}) == 50


def test_without_clusters_the_first_time_is_uniform():
    first = random_order(5000, 10, torch.Generator().manual_seed(1))[:, 0]
    assert chisquare(np.bincount(first, minlength=10)).pvalue > 1e-3


def test_a_clustered_first_time_follows_the_mixture():
    """One centre, uniform over the stretch: the density of a time is an integral over the centre, here a sum over a fine grid."""
    n, length, std = 20_000, 20, 2.0
    first = random_order(n, length, torch.Generator().manual_seed(2), Clusters(1, std))[:, 0]
    centres = (np.arange(4000) + 0.5) * length / 4000
    given = norm.pdf(np.arange(length)[:, None], centres, std)
    expected = (given / given.sum(0)).mean(1)
    assert chisquare(np.bincount(first, minlength=length), n * expected).pvalue > 1e-3


def test_clustered_times_leave_wider_gaps():
    def widest(clusters):
        order = random_order(500, 100, torch.Generator().manual_seed(3), clusters)
        return float(order[:, :30].sort(1).values.diff(dim=1).max(1).values.float().mean())

    assert widest(Clusters(3, 5.0)) > 1.5 * widest(None)
