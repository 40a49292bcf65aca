"""The claims' pipeline on the preset smoke: what ran is what was declared, and only what an edit concerns runs again."""

import json
import re
import shutil
import sys
from pathlib import Path

import clones
import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from ruamel.yaml import YAML

from neural_odes import load, params
from neural_odes.checking import audit
from neural_odes.errors import UserError
from neural_odes.figures import seal
from neural_odes.pipeline.names import StageName
from neural_odes.pipeline.record import FILE, Record
from neural_odes.running import lockfile, scratch


def test_a_second_repro_has_nothing_to_do(smoke):
    assert clones.planned(smoke) == set()


def test_stages_ask_for_exactly_the_parameters_they_declare(smoke):
    """What a stage recorded while it ran, beside what dvc.lock says it declared; its parts together where it has some."""
    seen = 0
    for address, entry in lockfile.read(smoke).items():
        records = [Record.read(smoke / out.path) for out in entry.outs if (smoke / out.path / FILE).is_file()]
        if records:
            name = StageName.parse(address).name
            asked = {parameter for record in records for parameter in record.stages[name].parameters}
            assert all(any(a == d or a.startswith(f"{d}.") for d in entry.params) for a in asked), address
            if len(records) == len(entry.outs):  # a summary's files have none beside them
                assert all(any(a == d or a.startswith(f"{d}.") for a in asked) for d in entry.params), address
            seen += 1
    assert seen >= 12


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ("density.train.steps", {"check", "density-train@cnf-0"}),
        ("density.evaluate.tolerance", {"check", "density-evaluate@cnf-0"}),
        ("trajectory.evaluate.samples", {"check", "trajectory-evaluate@latent_ode-0"}),
        ("classification.models.resnet.blocks", {"check", "classification-train@resnet-0"}),
    ],
)
def test_only_what_depends_on_an_edit_runs_again(workspace, edit, expected):
    """A dry run stops where an output may turn out as before; what lies downstream is shown by the real runs."""
    path = workspace / params.FILE
    yaml = YAML()
    values = yaml.load(path.read_text())
    *folders, last = edit.split(".")
    node = values
    for key in folders:
        node = node[key]
    node[last] = node[last] * 2
    with path.open("w") as stream:
        yaml.dump(values, stream)
    planned = clones.planned(workspace)
    claim = edit.partition(".")[0]
    assert expected <= planned and all(name == "check" or name == "index" or name.startswith(claim) for name in planned)


def test_an_edited_figure_is_redrawn_and_nothing_else(workspace):
    """Where data, weights and evaluations are gone, too: what a figure needs is in git."""
    for folder in ("data", "models", "evaluations", ".dvc/cache"):
        shutil.rmtree(workspace / folder)
    path = workspace / "src" / "neural_odes" / "density" / "figures" / "moons_density.py"
    path.write_text(path.read_text().replace("Exact density", "The exact density"))
    before = clones.hashes(workspace)
    said = clones.run(workspace, "dvc", "repro", "--allow-missing")
    figure = {"density-figure@moons-density"}
    assert figure <= clones.ran(said) <= figure | {"density-page", "index"}
    changed = {path for path, md5 in clones.hashes(workspace).items() if md5 != before[path]}
    drawn = {f"reports/figures/moons-density.{suffix}" for suffix in ("png", "svg")}
    assert drawn <= changed <= drawn | {"reports/html/density.html", "reports/html/index.html"}


def test_the_models_load_as_the_readme_says(smoke):
    (code,) = re.findall(r"```python\n(.*?)```", (smoke / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    clones.run(
        smoke, "python", "-c", f"{code}\nassert curve.mean.shape == (200, 2) and len(labels) == 5 and x.shape == (1000, 2)"
    )


def test_audit_verdicts(smoke, workspace, tmp_path):
    scratch.commit(workspace, "Results of the smoke preset")
    figure = workspace / "reports" / "figures" / "moons-density.png"
    output = clones.run(workspace, "neural-odes", "audit", str(figure))
    assert "current" in output and "density.train.learning_rate" in output and "density/models/cnf.py" in output
    assert "trajectory." not in output
    drawn = [out for entry in lockfile.read(workspace).values() for out in entry.outs if out.path.endswith((".png", ".gif"))]
    assert len(drawn) >= 12 and {audit.audit(workspace / out.path, workspace).verdict for out in drawn} == {"current"}

    path = workspace / params.FILE
    before = path.read_text()
    path.write_text(before.replace("    learning_rate: 0.01 ", "    learning_rate: 0.5 "))
    assert path.read_text() != before
    found = audit.audit(figure, workspace)
    assert (found.verdict, found.exit_code) == ("stale", 1)
    assert [(change.input, change.new) for change in found.changes] == [("density.train.learning_rate", 0.5)]
    assert audit.audit(workspace / "reports" / "figures" / "spirals.png", workspace).verdict == "current"
    path.write_text(before)

    mailed = tmp_path / "mailed.png"
    shutil.copy(figure, mailed)
    assert audit.audit(mailed, None).verdict == "intact"
    assert audit.audit(mailed, workspace).verdict == "current"  # under another name it is still this clone's
    with Image.open(figure) as image:
        pixels, info = np.asarray(image).copy(), dict(image.info)
    pixels[10, 10] ^= 1
    chunk = PngInfo()
    chunk.add_text(seal.CHUNK, info[seal.CHUNK])
    Image.fromarray(pixels).save(mailed, pnginfo=chunk)
    assert audit.audit(mailed, workspace).verdict == "altered"
    Image.fromarray(pixels).save(mailed)
    assert audit.audit(mailed, workspace).verdict == "not ours"


def test_trained_models_as_the_readme_uses_them(smoke):
    torch.set_default_dtype(torch.float32)
    flow = load("density", root=smoke)
    x = flow.sample(50)
    assert x.shape == (50, 2) and flow.log_prob(x).isfinite().all()
    labels, probabilities = load("classification", root=smoke).classify(np.zeros((3, 28, 28), np.uint8))
    assert labels.shape == (3,) and torch.allclose(probabilities.sum(1), torch.ones(3))
    times = np.sort(np.random.default_rng(0).choice(100, 30, replace=False))
    curve = load("trajectory", root=smoke).reconstruct(times, np.zeros((30, 2)), range(200))
    assert curve.mean.shape == (200, 2) and (curve.lower <= curve.upper).all()
    with pytest.raises(UserError, match="models/density/cnf: not trained here with seed 5"):
        load("density", seed=5, root=smoke)


def test_damaged_input_is_one_line_with_a_remedy(workspace):
    target = workspace / "data" / "density" / "train.npy"
    content = target.read_bytes()
    target.unlink()
    target.write_bytes(content[:-100])
    command = [sys.executable, "stages/train.py", "density", "cnf", "0"]
    output = clones.run(workspace, *command, code=1, NEURAL_ODES_TRACKING="off")
    assert output.count("\n") == 1 and "train.npy: truncated" in output and "dvc repro: rm " in output


def test_dvc_shows_the_headline_numbers(smoke):
    """At most 24 of them, with names that one can read."""
    shown = json.loads(clones.run(smoke, "dvc", "metrics", "show", "--json"))
    values = {
        f"{Path(file).stem}.{name}": value
        for file, content in shown[""]["data"].items()
        for name, value in params.flatten(content["data"]).items()
    }
    assert 10 <= len(values) <= 24 and all(len(name) <= 40 for name in values)
    table = clones.run(smoke, "dvc", "metrics", "show")
    assert max(map(len, table.splitlines())) < 450
