"""The verdicts on the GRU, and on the latent ODE whose loss sees beyond the window."""

from typing import Any

from neural_odes.verdicts.trajectory import observation_counts, spiral_error, table_2_errors
from neural_odes.verdicts.verdict import Verdict


def judge(metrics: dict[str, Any], details: dict[str, dict[str, Any]]) -> list[Verdict]:
    """The GRU is judged by the recurrent network in Table 2 of Chen et al.; of such a latent ODE no number was published."""
    model = "latent_ode_continuation"
    return table_2_errors(row="rnn", model="gru", found=metrics, oracles=metrics) + [
        spiral_error(model=model, count=count, scores=metrics[count][model], oracle=metrics[count]["oracle"], key=f"rmse_{where}")
        for where in ("extrapolation", "interpolation")
        for count in observation_counts(metrics)
    ]
