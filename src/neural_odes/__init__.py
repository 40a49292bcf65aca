"""Neural Ordinary Differential Equations (Chen et al. 2018): a reproducible pipeline for three of its results."""

from neural_odes.loading import load

__all__ = ["load"]
