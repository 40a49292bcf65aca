"""The verdicts on the trajectory claim, and what those of its studies are made of."""

from collections.abc import Mapping
from typing import Any

from neural_odes.verdicts.measured import Measured, value
from neural_odes.verdicts.published import CHEN, REPORT, REPORT_MSE, TABLE_2
from neural_odes.verdicts.rules import not_comparable
from neural_odes.verdicts.verdict import NONE_PUBLISHED, Verdict

TABLE_2_SOURCE = f"{CHEN}, Table 2"
OTHER_SPIRALS = "the data differ (same family; noise and curves were not published)"
_LABELS = {
    "latent_ode": "latent ODE (loss in the window)",
    "latent_ode_continuation": "latent ODE (loss beyond it, too)",
    "gru": "GRU (loss beyond it, too)",
}
_WHERE = {"interpolation": "in the window", "extrapolation": "beyond the window"}


def judge(details: dict[str, Any]) -> list[Verdict]:
    """The latent ODE in Table 2 of Chen et al., its errors in the window, and the student report's MSE."""

    def ours(count: str, key: str, **said: Any) -> Verdict:
        scores, oracle = details[count]["latent_ode"], details[count]["oracle"]
        return spiral_error(model="latent_ode", count=count, scores=scores, oracle=oracle, key=key, **said)

    most = observation_counts(details)[-1]
    no_mse = "its code computes no MSE, has no test split, and observes all trajectories of a batch at the same times"
    return [
        *table_2_errors(row="latent_ode", model="latent_ode", found=details, oracles=details),
        *(ours(count, "rmse_interpolation") for count in observation_counts(details)),
        *(
            ours(
                most,
                "mse_interpolation",
                where=f"at step {step:,} (ours: window, K = {most})",
                printed=value,
                source=REPORT,
                reason=no_mse,
            )
            for step, value in reversed(REPORT_MSE.items())
        ),
    ]


def answer(details: dict[str, Any]) -> str:
    """What came out, in a few sentences."""
    most = observation_counts(details)[-1]
    ours, oracle = details[most]["latent_ode"], details[most]["oracle"]

    def error(part: str) -> str:
        key = f"rmse_{part}"
        times = Measured.of(ours[key]).mean / Measured.of(oracle[key]).mean
        return f"{value(ours[key], 4)} {_WHERE[part]}, {times:.2f} times that of the oracle"

    printed = TABLE_2["latent_ode"].get(most)
    published = f" Chen et al. print {printed} beyond the window, for other spirals of the same family." if printed else ""
    return (
        f"With {most} noisy observations the latent ODE’s RMSE is {error('interpolation')}, and {error('extrapolation')}. "
        f"The Bayes oracle knows the two curves, and no estimator has a smaller expected squared error.{published}"
    )


def spiral_error(
    *,
    model: str,
    count: str,
    scores: dict[str, Any],
    oracle: dict[str, Any],
    key: str,
    where: str | None = None,
    printed: float | None = None,
    source: str = "–",
    reason: str = NONE_PUBLISHED,
) -> Verdict:
    """An error on spirals beside the Bayes oracle's. None is comparable to a published one: neither the noise nor the curves of
    the published data are known.

    Args:
        count: the number of observations.
        scores, oracle: what is measured of the model and of the oracle, at this count.
        key: of the error in both, such as ``rmse_extrapolation``.
        where: the error is taken; by default, as the key says.
        printed: the published value, if there is one.
    """
    kind, _, part = key.partition("_")
    ours, best = Measured.of(scores[key]), Measured.of(oracle[key]).mean
    return Verdict(
        quantity=f"{_LABELS[model]}, {kind.upper()} {where or f'{_WHERE[part]}, K = {count}'}",
        published=printed,
        source=source,
        ours=ours,
        floor=best,
        floor_kind="Bayes oracle",
        judgement=not_comparable(f"{reason}; ours is {ours.mean / best:.2f} × the Bayes oracle’s on our data"),
        decimals=5 if kind == "mse" else 4,
    )


def table_2_errors(*, row: str, model: str, found: dict[str, Any], oracles: dict[str, Any]) -> list[Verdict]:
    """The errors beyond the window beside those of Table 2 of Chen et al., for each number of observations that both have.

    Args:
        row: of that table.
        model: of ours that answers it.
        found: scores by number of observations, then model.
        oracles: those of the oracle, likewise.
    """
    return [
        spiral_error(
            model=model,
            count=count,
            scores=found[count][model],
            oracle=oracles[count]["oracle"],
            key="rmse_extrapolation",
            printed=TABLE_2[row][count],
            source=TABLE_2_SOURCE,
            reason=OTHER_SPIRALS,
        )
        for count in observation_counts(found)
        if count in TABLE_2[row]
    ]


def observation_counts(found: Mapping[str, Any]) -> list[str]:
    """The numbers of observations that a metrics file has scores for, in order."""
    return sorted((key for key in found if key.isdigit()), key=int)
