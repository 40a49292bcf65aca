"""The verdicts on the recurrent network, and on the latent ODE whose loss sees beyond the window."""

from typing import Any

from neural_odes.verdicts.claims import Verdict, counts, line, table_2


def judge(metrics: dict[str, Any], details: dict[str, dict[str, Any]]) -> list[Verdict]:
    """The network is judged by Table 2 of Chen et al.; of such a latent ODE no number was published."""
    model = "latent_ode_continuation"
    return table_2(model="rnn", found=metrics, oracles=metrics) + [
        line(model=model, count=count, scores=metrics[count][model], oracle=metrics[count]["oracle"], key=f"rmse_{where}")
        for where in ("extrapolation", "interpolation")
        for count in counts(metrics)
    ]
