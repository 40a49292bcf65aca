"""Numbers of the claims and of the studies that were made up: all that ``claims.yaml`` and the short table look at."""

from pathlib import Path
from typing import Any

from neural_odes.pipeline.metrics import write_json
from neural_odes.summaries.statistics import over_seeds
from neural_odes.verdicts.ours import file

NETWORK = {
    "error_pct": over_seeds([0.40, 0.42, 0.44]),
    "error_tight_pct": over_seeds([0.40, 0.43, 0.43]),
    "binomial_standard_error_pct": 0.065,
    "parameters": 208_266,
    "nfe_forward": over_seeds([20.0, 22.0, 20.0]),
    "nfe_backward": over_seeds([20.0, 20.0, 20.0]),
    "round_trip_error": over_seeds([0.016, 0.018, 0.017]),
    "round_trip_error_tight": over_seeds([2e-6, 3e-6, 2e-6]),
}
FLOW = {
    "nll_nats": over_seeds([0.2901, 0.2915, 0.2910]),
    "gap_nats": over_seeds([0.0021, 0.0019, 0.0020]),
    "standard_error_nats": over_seeds([0.0003] * 3),
    "round_trip_error": over_seeds([2e-5, 3e-5, 2e-5]),
}
REPORT_MOONS = {"entropy_nats": 2.3944, "steps": 1000, "cnf": FLOW | {"nll_nats": over_seeds([2.396, 2.397, 2.398])}}


def errors(*values: float) -> dict[str, Any]:
    """RMSE and MSE of a model, with the solver of training and with a tight one, and this one's round-trip error."""
    stretches = ("interpolation", "extrapolation")
    keys = [f"{kind}_{where}" for kind in ("rmse", "mse") for where in stretches]
    found = {key: over_seeds(list(values)) for name in keys for key in (name, f"{name}_training_solver")}
    return found | {f"round_trip_error_{where}": over_seeds([6e-5] * 3) for where in stretches}


def spirals(**models: tuple[float, ...]) -> dict[str, Any]:
    """By number of observations."""
    return {count: {model: errors(*values) for model, values in models.items()} for count in ("100", "30", "50")}


DETAILS: dict[str, dict[str, Any]] = {
    "classification": {"dataset": "mnist", "odenet": NETWORK, "resnet": NETWORK | {"parameters": 576_778}},
    "density": {"entropy_nats": 0.2892, "cnf": FLOW, "report_moons": REPORT_MOONS},
    "trajectory": {"noise_std": 0.3, **spirals(latent_ode=(0.006, 0.0061, 0.0059), oracle=(0.005,))},
}


def _gaps(*values: float) -> dict[str, Any]:
    return {size: {"gap_nats": over_seeds(list(values)), "round_trip_error": over_seeds([1e-5] * 3)} for size in ("2", "8", "32")}


_WIDTHS = {"planar": _gaps(0.51, 0.40, 0.59), "planar_cnf": _gaps(0.2, 0.1, 0.3)}
_EVALUATIONS = {
    "tolerance": 0.001,
    "nfe_forward": over_seeds([20.0, 20.0, 20.0]),
    "nfe_backward": over_seeds([26.0, 26.0, 26.0]),
    "nfe_backward_seminorm": over_seeds([16.0, 16.0, 17.0]),
}
METRICS: dict[str, dict[str, Any]] = {
    "memory": {
        "odenet": {"bytes_per_depth": -4.9e-12},
        "rknet": {"bytes_per_depth": 65442.25},
        "resnet": {"bytes_per_depth": 55808.0},
    },
    "solvers": {
        "odenet": {
            "adjoint": [_EVALUATIONS | {"tolerance": 0.1}, _EVALUATIONS],
            "forward": [{"tolerance": 0.001, "round_trip_error": over_seeds([4e-4, 5e-4, 6e-4])}],
        }
    },
    "table1": {"rknet": NETWORK, "mlp": NETWORK | {"error_pct": over_seeds([1.5, 1.6, 1.7]), "parameters": 238_510}},
    "trajectory_baselines": spirals(gru=(0.5, 0.51, 0.49), latent_ode_continuation=(0.0055, 0.0056, 0.0054), oracle=(0.005,)),
    "widths": {"moons": _WIDTHS, "circles": _WIDTHS},
}
NUMBERS = DETAILS | METRICS


def written(root: Path) -> Path:
    """``root`` with all of these, where a clone has them."""
    for page, numbers in NUMBERS.items():
        path = root / file(page)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, numbers)
    return root
