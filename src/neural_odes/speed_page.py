"""The page of the benchmarks."""

import pandas as pd

from neural_odes import speed
from neural_odes.report import Html, figure, fill, table
from neural_odes.speed import QUESTIONS, Gradients, Overheads, Question, seconds_text
from neural_odes.speed_figures import draw
from neural_odes.stage import Stage

FIGURES = {
    "sides": (
        "Panels of bars on a logarithmic scale: seconds of ours and of each alternative.",
        "Blue: ours. In brackets: how many times as long as ours; with >, it was stopped before it reached the target.",
    ),
    "memory": (
        "Peak memory and time of a training step against evaluations of the field, for three ways to a gradient.",
        "A training step of the ODE-Net (128 images, RK4, float32) against evaluations of the field in the forward solve.",
    ),
    "parts": (
        "Stacked bars: shares of a training step spent in products, other operators, data, optimiser and Python.",
        "Shares of a training step, by torch’s profiler, whose own cost is in the last part.",
    ),
    "growth": (
        "Seven panels of time against size on logarithmic axes, all on the same scale.",
        "Time t of three updates against size n (trainings: of a tenth of each, on all cores; reconstruction: of 200 "
        "trajectories), and the exponent a of t = c·nᵃ fitted to all sizes, and to their upper half. Dashed: a = 1.",
    ),
}


def page(stage: Stage) -> None:
    """Draws the figures, and writes the page around them."""
    draw(stage)
    machine = speed.results(stage.root, "cnf_step")["machine"]
    fill(
        stage,
        "benchmarks.html.j2",
        "Benchmarks: how fast, and against what",
        machine=f"{machine['cores']} cores of {machine['processor']}, torch {machine['torch']}",
        figures={name: figure(f"speed-{name}", alt=alt, caption=caption) for name, (alt, caption) in FIGURES.items()},
        tables=[_question(stage, question) for question in QUESTIONS],
        gradients=Gradients.of(speed.results(stage.root, "memory_peak")["rows"]),
        overheads=_overheads(stage),
    )


def _question(stage: Stage, question: Question) -> Html:
    result = speed.results(stage.root, question.benchmark)
    rows = {
        side.name: {
            "time": seconds_text(side.seconds) + ("" if side.reached else ", stopped"),
            "least": seconds_text(side.low),
            "most": seconds_text(side.high),
            "times ours": side.ratio_text,
            "error": side.error_text,
            "target": side.target_text,
        }
        for side in speed.sides(question, result["rows"])
    }
    threads = f"{result['threads']} thread{'s' if result['threads'] > 1 else ''}"
    caption = f"{question.title[0].upper()}{question.title[1:]}, {threads}: benchmarks/{question.benchmark}.py"
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("side")
    return table(frame.loc[:, (frame != "").any()], caption)


def _overheads(stage: Stage) -> Html:
    stage.input("benchmarks/results/overheads.json")
    found = Overheads.of(speed.results(stage.root, "overheads"))
    rows = {
        "import neural_odes, without torch": (f"{found.import_package:.2f} s", "< 0.2 s", found.import_package < 0.2),
        "a stage that does nothing, under DVC": (f"{found.nothing:.1f} s", "< 3 s", found.nothing < 3),
        "MLflow, share of a training": (f"{100 * found.mlflow:.1f} %", "", None),
        "checkpoints, share of a training": (f"{100 * found.checkpoints:.1f} %", "", None),
        "both": (
            f"{100 * (found.mlflow + found.checkpoints):.1f} %",
            "< 2 %",
            found.mlflow + found.checkpoints < 0.02,
        ),
    }
    frame = pd.DataFrame(
        {
            what: {"measured": value, "target": target, "met": {True: "yes", False: "no", None: ""}[met]}
            for what, (value, target, met) in rows.items()
        }
    ).T
    return table(frame.rename_axis("what"), "What is not training (latent ODE): benchmarks/overheads.py")
