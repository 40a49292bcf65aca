"""What is to be known of the classifier whose weights are published."""

from typing import Any

from neural_odes.summaries.card import Card, Score

MODEL = "odenet"
_LICENCES = {
    "mnist": "MNIST: CC BY-SA 3.0, Yann LeCun and Corinna Cortes.",
    "cifar10": "CIFAR-10: Alex Krizhevsky, Vinod Nair and Geoffrey Hinton; no licence is stated.",
}


def card(details: dict[str, Any]) -> Card:
    """From reports/details/classification.json."""
    own, dataset = details[MODEL], details["dataset"]
    floor = f"0; standard error of a count {own['binomial_standard_error_pct']:.2f}"
    return Card(
        title=f"An ODE-Net on {dataset}",
        about=(
            f"A classifier of {own['parameters']:,} parameters whose middle is an ODE, dh/dt = f(t, h), solved from 0 to 1 "
            "(Chen et al. 2018, section 3)."
        ),
        example='net = neural_odes.load("classification")\nlabels, probabilities = net.classify(images)',
        takes="`classify`: images as the data set has them, of n × 28 × 28 pixels (MNIST), white on black.",
        returns="labels, n, and the probabilities of the ten classes, n × 10.",
        scores=[
            Score("error (%)", own["error_pct"], floor, 2),
            Score("error with a tight solver (%)", own["error_tight_pct"], floor, 2),
        ],
        limits=[
            "Digits that are not centred, scaled and white on black, as those of the data set are, are misread.",
            "Probabilities are not calibrated: labels are what it was trained for.",
        ],
        licence=_LICENCES[dataset],
    )
