"""What is to be known of the latent ODE whose weights are published."""

from typing import Any

from neural_odes.summaries.card import Card, Score

MODEL = "latent_ode"


def card(details: dict[str, Any]) -> Card:
    """From reports/details/trajectory.json."""
    numbers = sorted((key for key in details if key.isdigit()), key=int)
    places = {"interpolation": "in the window", "extrapolation": "beyond it"}
    most = numbers[-1]
    held = [100 * details[most][MODEL][f"coverage_{where}"]["mean"] for where in places]
    scores = [
        Score(
            f"RMSE {place}, {number} observations",
            details[number][MODEL][f"rmse_{where}"],
            details[number]["oracle"][f"rmse_{where}"]["mean"],
            4,
        )
        for number in numbers
        for where, place in places.items()
    ]
    return Card(
        title="A latent ODE of spirals",
        about=(
            "Reads noisy positions at irregular times, infers a latent state, and solves an ODE for the window and beyond it: "
            f"{details['models'][MODEL]['parameters']:,} parameters with encoder and decoder (Chen et al. 2018, section 5)."
        ),
        example='model = neural_odes.load("trajectory")\ncurve = model.reconstruct(times, observations, at=range(200))',
        takes=(
            "`reconstruct`: times (K ≥ 1) in grid steps since the window's beginning, positions (K × 2), and the times wanted "
            "(T)."
        ),
        returns="mean curve and 90 % band, each T × 2, in the unit of the data.",
        scores=scores,
        limits=[
            f"Trained for noise of standard deviation {details['noise_std']} and two curves: it reads any other as one of them.",
            "Beyond twice the window nothing was ever scored.",
            f"The 90 % band is the posterior's own, not calibrated: with {most} observations, {held[0]:.0f} % of the true "
            f"positions lie in it in the window, and {held[1]:.0f} % beyond.",
        ],
        licence="The data are drawn by this project.",
    )
