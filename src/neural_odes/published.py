"""Numbers that were published: the one place where they stand in code."""

TEST_IMAGES = 10_000
FFJORD_MOONS_ENTROPY = 2.394  # nats; two moons of noise 0.1, scaled by 2: what the student report trained on

TABLE_1 = {  # Chen et al. 2018: label, test error in %, parameters
    "odenet": ("ODE-Net", 0.42, 220_000.0),
    "resnet": ("ResNet (6 blocks)", 0.41, 600_000.0),
    "rknet": ("RK-Net", 0.47, 220_000.0),
    "mlp": ("1-layer MLP", 1.60, 240_000.0),
}

TABLE_2 = {  # Chen et al. 2018: RMSE on 100 points beyond the window, by number of observations
    "latent_ode": {"30": 0.1642, "50": 0.1502, "100": 0.1346},
    "rnn": {"30": 0.3937, "50": 0.3202, "100": 0.1813},
}
