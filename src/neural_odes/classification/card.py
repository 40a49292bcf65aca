"""What is to be known of the classifier whose weights are published."""

from typing import Any, NamedTuple

from neural_odes.summaries.card import Card, Score

MODEL = "odenet"


class _Images(NamedTuple):
    name: str
    kind: str
    shape: str
    licence: str


_DATA = {
    "mnist": _Images(
        "MNIST",
        "digits, centred, scaled, and white on black",
        "n × 28 × 28",
        "MNIST: CC BY-SA 3.0, Yann LeCun and Corinna Cortes.",
    ),
    "cifar10": _Images(
        "CIFAR-10",
        "objects of its ten classes, in colour",
        "n × 3 × 32 × 32",
        "CIFAR-10: Alex Krizhevsky, Vinod Nair and Geoffrey Hinton; no licence is stated.",
    ),
}


def card(details: dict[str, Any]) -> Card:
    """From reports/details/classification.json."""
    own, data = details[MODEL], _DATA[details["dataset"]]
    floor = f"not known; one standard error of the count is {own['binomial_standard_error_pct']:.2f}"
    return Card(
        title=f"An ODE-Net on {data.name}",
        about=(
            f"A classifier of {own['parameters']:,} parameters whose middle is an ODE, dh/dt = f(t, h), solved from 0 to 1 "
            "(Chen et al. 2018, section 3)."
        ),
        example='net = neural_odes.load("classification")\nlabels, probabilities = net.classify(images)',
        takes=f"`classify`: images as those of {data.name}, {data.shape}; whole numbers from 0 to 255 or floats from 0 to 1.",
        returns="labels, n, and the probabilities of the ten classes, n × 10.",
        scores=[
            Score("error (%)", own["error_pct"], floor, 2),
            Score("error with a tight solver (%)", own["error_tight_pct"], floor, 2),
        ],
        limits=[
            f"It knows {data.kind}, and gives any other image one of the ten labels, too.",
            "The calibration of the probabilities was not checked.",
        ],
        licence=data.licence,
    )
