"""Numbers that were published: the one place where they stand in code."""

from typing import NamedTuple

CHEN = "Chen et al. 2018"
REPORT = "student report"
REPORT_LOG = "student report, log of its code"

TEST_IMAGES = 10_000


class Network(NamedTuple):
    """A row of Table 1 of Chen et al. 2018.

    Attributes:
        error_pct: on MNIST's test images.
    """

    label: str
    error_pct: float
    parameters: float


TABLE_1 = {
    "odenet": Network("ODE-Net", 0.42, 220_000.0),
    "resnet": Network("ResNet (6 blocks)", 0.41, 600_000.0),
    "rknet": Network("RK-Net", 0.47, 220_000.0),
    "mlp": Network("1-layer MLP", 1.60, 240_000.0),
}

TABLE_2 = {  # Chen et al. 2018: RMSE on 100 points beyond the window, by number of observations
    "latent_ode": {"30": 0.1642, "50": 0.1502, "100": 0.1346},
    "rnn": {"30": 0.3937, "50": 0.3202, "100": 0.1813},
}

# The student report.
REPORT_EPOCHS = 30
REPORT_ACCURACY = {"odenet": 98.3, "resnet": 98.5}  # %
REPORT_LOG_ACCURACY = 99.30  # %, ODE-Net, in the log of its code
REPORT_NLL, REPORT_EXPECTED_NLL = 3.1, 0.55  # nats
REPORT_LOG_NLL = (2.38, 2.42)  # nats, over the last steps in the log of its code
REPORT_MSE = {500: 0.15, 2000: 0.03}  # by training step
FFJORD_MOONS_ENTROPY = 2.394  # nats; two moons of noise 0.1, scaled by 2: what it trained on
