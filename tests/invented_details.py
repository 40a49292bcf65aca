"""Details of the three claims, invented: a network, errors and an NLL that need no training."""

from neural_odes.summaries.statistics import over_seeds

NETWORK = {
    "error_pct": over_seeds([0.40, 0.42, 0.44]),
    "error_tight_pct": over_seeds([0.40, 0.42, 0.44]),
    "binomial_standard_error_pct": 0.065,
    "parameters": 208_266,
    "nfe_forward": over_seeds([20.0, 22.0, 20.0]),
    "nfe_backward": over_seeds([20.0, 20.0, 20.0]),
}
_ERRORS = {
    f"{kind}_{where}": over_seeds([0.05, 0.06, 0.05]) for kind in ("rmse", "mse") for where in ("interpolation", "extrapolation")
}
_NLL = over_seeds([0.2901, 0.2915, 0.2910])
DETAILS = {
    "classification": {"dataset": "mnist", "odenet": NETWORK, "resnet": NETWORK},
    "density": {"entropy_nats": 0.2892, "cnf": {"nll_nats": _NLL, "gap_nats": _NLL, "standard_error_nats": _NLL}},
    "trajectory": {count: {"latent_ode": _ERRORS, "oracle": _ERRORS} for count in ("100", "30", "50")},
}
