"""The latent ODE of the claim, with a loss that sees beyond the window, too."""

from neural_odes.trajectory.continuation import ContinuedLatentOde

MODEL = ContinuedLatentOde
