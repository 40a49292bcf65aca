"""What the README says is what the committed metrics say."""

import re

import pytest
from dvc.repo import Repo

from neural_odes import lanes, results
from neural_odes.errors import UserError
from neural_odes.metrics import write_json


def test_the_readme_holds_the_committed_numbers(root):
    text = (root / "README.md").read_text()
    for name, block in results.blocks(root).items():
        assert f"{results.BEGIN.format(name)}\n{block}\n{results.END.format(name)}" in text


def test_every_file_that_the_readme_names_is_there(root):
    text = (root / "README.md").read_text()
    for name in re.findall(r"\]\((reports/[^)]+)\)", text):
        assert (root / name).is_file(), name


def test_the_claims_alone_are_read_from_their_evaluations(root, tmp_path):
    (tmp_path / "params.yaml").write_text("seeds: [0, 1]\n")

    def write(claim, name, values):
        folder = tmp_path / "evaluations" / claim / name
        folder.mkdir(parents=True)
        write_json(folder / "metrics.json", values)

    for seed in (0, 1):
        for model in ("odenet", "resnet"):
            write("classification", f"{model}-{seed}", {"error_pct": 0.3 + 0.1 * seed})
        write("density", f"cnf-{seed}", {"gap_nats": 0.002})
        write("trajectory", f"latent_ode-{seed}", {"30": {"rmse_interpolation": 0.05, "rmse_extrapolation": 0.07}})
    with pytest.raises(UserError, match=r"evaluations/trajectory/oracle/metrics.json: missing"):
        results.of_the_claims(tmp_path)
    write("trajectory", "oracle", {"30": {"rmse_interpolation": 0.04, "rmse_extrapolation": 0.06}})
    table = results.of_the_claims(tmp_path)
    cells = list(zip(*(list(column.cells) for column in table.columns), strict=True))
    # two seeds: the interval is t(0.975, 1 degree of freedom) = 12.706 standard errors of 0.05
    assert ("classification", "odenet", "test error (%)", "0.35 ± 0.64", "–") in cells
    assert ("trajectory", "latent_ode", "RMSE beyond the window, K = 30", "0.0700 ± 0.0000", "0.0600") in cells


def test_the_claims_alone_are_those_of_the_claims(root):
    """The stages of this project that `make claims` runs, of those that a fresh clone would run."""
    with Repo(str(root)) as repo:
        names = {stage.name for stage in repo.index.stages}
    chosen = {re.sub(r"-\d+$", "", name) for name in filter(lanes._of_a_claim, names) if "@" in name}
    assert chosen == {
        *(f"classification-{verb}@{model}" for verb in ("train", "evaluate") for model in ("odenet", "resnet")),
        "density-train@cnf", "density-evaluate@cnf",
        "trajectory-train@latent_ode", "trajectory-evaluate@latent_ode", "trajectory-baseline@oracle",
    }  # fmt: skip
