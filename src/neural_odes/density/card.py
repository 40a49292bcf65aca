"""What is to be known of the flow whose weights are published."""

from typing import Any

from neural_odes.summaries.card import Card, Score

MODEL = "cnf"


def card(details: dict[str, Any]) -> Card:
    """From reports/details/density.json."""
    own, entropy = details[MODEL], details["entropy_nats"]
    return Card(
        title="A continuous normalizing flow of two moons",
        about=(
            "Carries points from N(0, I) at time 0 to two moons along dz/dt = f(t, z), a network of "
            f"{own['parameters']:,} parameters, and knows the density of every point on the way (Chen et al. 2018, section 4)."
        ),
        example='flow = neural_odes.load("density")\npoints = flow.sample(1000)\nlog_q = flow.log_prob(points)',
        takes="`log_prob`: points, n × 2, in the unit of the data (radii of a moon × `density.data.scale`). `sample`: how many.",
        returns="`log_prob`: log q in nats, n. `sample`: points, n × 2.",
        scores=[
            Score("NLL (nats)", own["nll_nats"], entropy, 4),
            Score("gap to the entropy, = KL(p‖q) (nats)", own["gap_nats"], 0.0, 5),
            Score("field evaluations per test batch, dopri5", own["nfe"], "depends on the tolerance", 0),
        ],
        limits=[
            "Far from the moons, where no training point ever was, log q is an extrapolation.",
            "Its floor is exact for the distribution of `density.data`, not for others: noise, scale and shift belong to it.",
        ],
        licence="The data are drawn by this project.",
    )
