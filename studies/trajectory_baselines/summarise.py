"""Gathers the evaluations of the recurrent models and of the latent ODE whose loss sees beyond the window."""

from typing import Any

from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries import collect
from neural_odes.summaries.curves import write_curves
from neural_odes.trajectory import results

_RECURRENT, _CONTINUED, _CLAIMS = ("gru", "ode_rnn", "neural_cde"), "latent_ode_continuation", "latent_ode"
_OWN = (_CONTINUED, *_RECURRENT)
_STUDY = "studies/trajectory_baselines"
_EVALUATIONS, _CLAIMS_EVALUATIONS = f"{_STUDY}/evaluations", "evaluations/trajectory"


def summarise(stage: Stage) -> None:
    """Writes metrics.json (values over seeds, by number of observations, of these models, the claim's and the oracle), the
    training curves, and what the figure shows.
    """
    evaluated = _evaluated(stage)
    about = {
        model: {"parameters": evaluated[model][0]["parameters"], "steps": _steps(stage, model)} for model in (*_OWN, _CLAIMS)
    }
    write_json(stage.output(f"{_STUDY}/results/metrics.json"), _scores(stage, evaluated) | {"models": about})
    histories = {key: table for model in _OWN for key, table in collect.histories(stage, f"{_STUDY}/models", model).items()}
    write_curves(stage.output(f"{_STUDY}/results/curves.csv"), histories)
    source = f"{_STUDY}/results/source/baselines-error"
    part = stage.part(source)
    results.write_errors(part.output(source), _scores(part, _evaluated(part)))


def _steps(stage: Stage, model: str) -> int:
    """Updates of its training."""
    return stage.section(f"trajectory.models.{model}.train.steps" if model in _RECURRENT else "trajectory.train.steps", int)


def _evaluated(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """By model, seed by seed."""
    found = {model: collect.evaluations(stage, _EVALUATIONS, model) for model in _OWN}
    found[_CLAIMS] = collect.evaluations(stage, _CLAIMS_EVALUATIONS, _CLAIMS)
    return found | {"oracle": [read_json(stage.input(f"{_CLAIMS_EVALUATIONS}/oracle") / "metrics.json")]}


def _scores(stage: Stage, evaluated: dict[str, list[dict[str, Any]]]) -> results.Scores:
    return results.by_number(evaluated, stage.section("trajectory.data.observations", list))
