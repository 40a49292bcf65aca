"""The loss of the window-only protocol: negative ELBO, and what makes the latent flow lead beyond the window.

Nothing beyond a trajectory's window enters. What lies beyond becomes predictable all the same, because the windows of
other trajectories cover it, if the state that the flow reaches at a later time is the one that the encoder would name
there. The ELBO alone does not ask for that: it only ever runs the flow backward. Two terms do, on a second encoding, of
a shorter stretch of the window: carried from the end of one stretch to that of the other, a state must be likely under
the other's encoding (consistency), and carried forward it must predict the rest of the window (prediction). Without
the latter the flow may pull states together on the way back, and hence apart on the way forward.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from neural_odes.solvers.solve import solve
from neural_odes.trajectory.latent import Encoding, LatentNetwork, SolverTo
from neural_odes.trajectory.times import Clusters, random_order


@dataclass(frozen=True)
class View:
    """Observations in a stretch of each trajectory's window, as the encoder sees them.

    Attributes:
        times: of the observations, in grid steps since the window's beginning.
        observations: noisy positions.
        end: of the stretch, in grid steps since the window's beginning; the encoder's state is of that time.
    """

    times: Float[Tensor, "batch k"]
    observations: Float[Tensor, "batch k 2"]
    end: Float[Tensor, " batch"]

    def encoded(self, model: LatentNetwork) -> Encoding:
        return model.encode(self.times - self.end[:, None], self.observations)


def draw_view(
    observations: Float[Tensor, "batch window 2"],
    *,
    length: int,
    number: int,
    generator: torch.Generator,
    clusters: Clusters | None = None,
) -> View:
    """``number`` observations at random times of a random stretch of ``length`` steps, drawn anew for each trajectory."""
    batch, window, _ = observations.shape
    start = torch.randint(window - length + 1, (batch, 1), generator=generator)
    times = (start + random_order(batch, length, generator, clusters)[:, :number]).to(observations.device)
    chosen = observations[torch.arange(batch, device=times.device)[:, None], times]
    end = (start[:, 0] + length).to(observations)
    return View(times.to(observations), chosen, end)


@dataclass(frozen=True)
class Terms:
    """Means over the batch, in nats.

    Attributes:
        nll: −log p(observations | z) of the window up to its constant, scaled to the number that the encoder saw.
        kl: KL of the posterior to the prior N(0, I).
        consistency: −log N(z_a carried by the flow from the end of view a to that of b; mean and spread of b's encoding).
        prediction: as ``nll``, of the window's rest given a stretch that ends before it.
    """

    nll: Float[Tensor, ""]
    kl: Float[Tensor, ""]
    consistency: Float[Tensor, ""]
    prediction: Float[Tensor, ""]


def terms(
    model: LatentNetwork,
    observations: Float[Tensor, "batch window 2"],
    whole: View,
    part: View,
    *,
    onward: Bool[Tensor, " batch"],
    ahead: Float[Tensor, "batch times"],
    noise: Float[Tensor, "2 batch latent"],
    noise_std: float,
    solver: SolverTo,
) -> Terms:
    """The terms of the loss.

    The negative ELBO (Chen et al. 2018, section 5; Rubanova et al. 2019, eq. 8) of the whole window, given the
    observations in ``whole``:

        E_q[Σ_t |x_t − decoder(z(t))|² / 2σ²] · K / window + KL(q(z) ‖ N(0, I)).

    The sum runs over all times of the window, seen by the encoder or not, which keeps it from fitting noise; the factor
    gives it the weight of K observations, so that q is as wide as K observations warrant.

    Args:
        observations: all noisy positions in the windows: the targets.
        whole, part: what the encoder sees of the window, and of a shorter stretch of it.
        onward: carries the state from the end of ``part`` to that of ``whole``, which predicts what lies between
            (else the other way round).
        ahead: times that are predicted, as fractions in [0, 1) of what lies between.
        noise: standard normal, for the two samples of the posteriors.
        noise_std: σ of one coordinate of the observations.
        solver: of both flows, which are one solve: each trajectory's time is scaled to the unit interval.
    """
    batch, window, _ = observations.shape
    q_whole, q_part = whole.encoded(model), part.encoded(model)
    source = _choose(onward, q_part, q_whole)
    target = _choose(onward, q_whole, q_part)
    between = torch.where(onward, whole.end - part.end, part.end - whole.end)
    start = torch.cat([q_whole.sample(noise[0]), source.sample(noise[1])])
    duration = torch.cat([-whole.end, between])[:, None] / model.time_unit

    # time t of the window is (window − t)/window of the way back from its end
    fractions = torch.arange(window + 1, dtype=torch.float64) / window
    path = solve(model.field(duration), start, fractions.to(start), solver(1.0)).y

    def nll(seen: View, errors: Float[Tensor, "n times 2"]) -> Float[Tensor, " n"]:
        return seen.times.shape[1] * (errors**2).sum(-1).mean(1) / (2 * noise_std**2)

    reconstructed = model.decode(path[1:, :batch]).flip(0).transpose(0, 1)
    predicted, times = _onward(path[:, batch:], part.end, ahead)
    rest = observations[torch.arange(batch, device=times.device)[:, None], times]
    counts = onward & (part.end < window)
    return Terms(
        nll=nll(whole, observations - reconstructed).mean(),
        kl=q_whole.kl_to_prior().mean(),
        consistency=-target.agreement(path[-1, batch:]).mean(),
        prediction=(counts * nll(part, rest - model.decode(predicted))).mean(),
    )


def _onward(
    path: Float[Tensor, "nodes batch latent"], end: Float[Tensor, " batch"], ahead: Float[Tensor, "batch times"]
) -> tuple[Float[Tensor, "batch times latent"], Int[Tensor, "batch times"]]:
    """States on the way from ``end`` to the end of the window, at the grid times nearest below ``ahead``, and those times.

    The path has as many nodes as the window has times, and one; between two of them it is as good as straight.
    """
    window = len(path) - 1
    remaining = (window - end).clamp(min=1)[:, None]
    steps = (ahead * remaining).floor()
    place = steps / remaining * window
    below = place.floor()
    rows = torch.arange(len(end), device=end.device)[:, None]
    first, second = path[below.long(), rows], path[below.long() + 1, rows]
    times = (end[:, None] + steps).long().clamp(max=window - 1)
    return torch.lerp(first, second, (place - below)[..., None]), times


def _choose(condition: Bool[Tensor, " batch"], yes: Encoding, no: Encoding) -> Encoding:
    c = condition[:, None]
    return Encoding(
        torch.where(c, yes.mean, no.mean),
        torch.where(c, yes.log_std, no.log_std),
        torch.where(c, yes.log_spread, no.log_spread),
    )
