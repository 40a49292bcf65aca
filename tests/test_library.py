"""The library without the pipeline: a real environment with what `pip install .` brings, and nothing else.

The project is installed into it as a user would; what it asks for is linked from the environment of the tests rather than
downloaded again.
"""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from functools import partial
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from neural_odes import params
from neural_odes.pipeline import models, weights
from neural_odes.pipeline.record import Inputs, Record
from neural_odes.running import scratch

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MISSING = r"\w+ is not installed for .*; run: pip install 'neural-odes\[pipeline\]', or in a clone: make env"
MODELS = {"odenet": "classification", "cnf": "density", "nsf": "density", "latent_ode": "trajectory"}


def closure(requirements: list[str]) -> dict[str, Distribution]:
    """Installed packages that these, and what they ask for in turn, come to."""
    found: dict[str, Distribution] = {}
    waiting, seen = [Requirement(text) for text in requirements], set()
    while waiting:
        requirement = waiting.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        package = found[canonicalize_name(requirement.name)] = distribution(requirement.name)
        for further in map(Requirement, package.requires or []):
            if any(further.marker is None or further.marker.evaluate({"extra": e}) for e in ("", *requirement.extras)):
                waiting.append(further)
    return found


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A copy of the project, with models that were trained there for no time."""
    folder = tmp_path_factory.mktemp("library") / "clone"
    scratch.copy(ROOT, folder)
    values = params.load(folder)
    for model, claim in MODELS.items():
        name = f"{claim}.models.{model}"
        asked = {"classification.data.dataset": "mnist", name: params.lookup(values, name)}
        asked["trajectory.data.window"] = values["trajectory"]["data"]["window"]
        network, section = models.find(claim, model, asked[name])
        home = folder / Path(params.origin(folder, name)).parent / "models" / (claim if model != "nsf" else "") / f"{model}-0"
        home.mkdir(parents=True)
        further = network.arguments(asked)
        weights.save(models.seeded(0, partial(network, section, *further)), home)
        stage = f"{claim}-train@{model}-0"
        Record(stage, {stage: Inputs({"model": model, "seed": 0}, asked, {})}).write(home)
    return folder


@pytest.fixture(scope="module")
def python(clone, tmp_path_factory) -> Path:
    """The interpreter of the environment."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    site = Path(sysconfig.get_path("purelib", scheme="venv", vars={"base": str(folder)}))
    for package in closure(PROJECT["dependencies"]).values():
        for top in {file.parts[0] for file in package.files or [] if file.parts[0] not in ("..", "__pycache__")}:
            if not (site / top).exists():  # a folder that packages share, such as nvidia
                (site / top).symlink_to(package.locate_file(top))
    interpreter = folder / "bin" / "python"
    install = ["install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", str(clone)]
    subprocess.run([sys.executable, "-m", "pip", "--python", interpreter, *install], check=True)
    return interpreter


def run(*command: str | Path, folder: Path, code: int = 0, **environment: str) -> tuple[str, str]:
    """What a command prints, and its errors."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NEURAL_ODES_"))}
    own = inherited | {"OMP_NUM_THREADS": "1"} | environment  # threads that wait for busy cores cost minutes
    done = subprocess.run(list(map(str, command)), cwd=folder, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


def test_the_environment_holds_what_the_library_asks_for_and_nothing_else(python):
    site = sysconfig.get_path("purelib", scheme="venv", vars={"base": str(python.parents[1])})
    found = {canonicalize_name(package.name) for package in distributions(path=[site])}
    assert found == {PROJECT["name"], *closure(PROJECT["dependencies"])}
    extra = {canonicalize_name(Requirement(text).name) for text in PROJECT["optional-dependencies"]["pipeline"]}
    assert {"dvc", "mlflow", "matplotlib", "pandas"} <= extra and not extra & found


USE = """
import sys
from pathlib import Path

import numpy as np
import torch

from neural_odes import Spirals, TwoMoons, load
from neural_odes.density.scores import scores

root, out = map(Path, sys.argv[1:])
moons, generator = TwoMoons(), np.random.default_rng(0)
points = moons.sample(50, generator)
found = {}
for model in ("cnf", "nsf"):
    flow = load("density", model, root=root)
    log_q = flow.log_prob(torch.tensor(points, dtype=torch.float32)).numpy()
    found |= {f"{model} log q": log_q, f"{model} sample": flow.sample(5, torch.Generator().manual_seed(0)).numpy()}
    found |= {f"{model} {name}": value for name, value in scores(moons, points, log_q).items()}
images = generator.integers(0, 256, (3, 28, 28), dtype=np.uint8)
labels, probabilities = load("classification", root=root).classify(images)
found |= {"labels": labels.numpy(), "probabilities": probabilities.numpy()}
spirals = Spirals(observations=30)
times, positions, truth = spirals.sample(2, generator)
found |= {"truth": truth, "oracle": spirals.oracle(times, positions)}
found["curve"] = load("trajectory", root=root).reconstruct(times[0], positions[0], range(200)).mean
np.savez(out, **found)
"""


def test_models_and_floors_give_what_they_give_with_the_pipeline(clone, python, tmp_path):
    run(python, "-c", USE, clone, tmp_path / "library.npz", folder=tmp_path)
    run(sys.executable, "-c", USE, clone, tmp_path / "all.npz", folder=tmp_path, PYTHONPATH=str(clone / "src"))
    with np.load(tmp_path / "library.npz") as library, np.load(tmp_path / "all.npz") as everything:
        assert set(library) == set(everything) and len(library) == 17
        for name, values in everything.items():
            np.testing.assert_array_equal(library[name], values, err_msg=name)


@pytest.fixture
def page(clone) -> list[str]:
    """The code of docs/floors.md."""
    return re.findall(r"```python\n(.*?)```", (clone / "docs" / "floors.md").read_text(encoding="utf-8"), re.DOTALL)


NUMBER = r"(-?\d+\.\d+)"


def test_a_flow_of_another_library_is_scored_as_the_page_says(page, python, tmp_path):
    printed, _ = run(python, "-W", "error", "-c", page[0], folder=tmp_path)
    nll, nll_error, entropy = map(float, re.findall(NUMBER, printed.splitlines()[0]))
    gap, error = map(float, re.findall(NUMBER, printed.splitlines()[1]))
    assert entropy == 0.289
    assert 0 < gap < 0.2 and error < 0.7 * nll_error  # it has learned something, and pairs of logarithms know more
    assert nll - entropy == pytest.approx(gap, abs=4 * nll_error)


def test_an_estimator_is_scored_against_the_oracle_as_the_page_says(page, python, tmp_path):
    """Between two observations, linear interpolation keeps a noise of 0.3 · √(2/3) and cuts corners. The oracle determines one
    number by 60 coordinates: σ/√60 in the window, by the bound of Cramér and Rao."""
    printed, _ = run(python, "-W", "error", "-c", page[1], folder=tmp_path)
    inside, beyond = ([float(value) for value in re.findall(NUMBER, line)] for line in printed.splitlines())
    assert 0.3 * (2 / 3) ** 0.5 < inside[0] < 0.5 and beyond[0] > 1
    assert inside[0] / inside[1] == pytest.approx(0.3 / 60**0.5, rel=0.1)
    assert 0 < inside[2] < 0.1 * inside[1] and 0 < beyond[2] < 0.1 * beyond[1]
    assert len(page) == 2


@pytest.mark.parametrize("command", [(), ("--help",), ("repro",)])
def test_the_command_says_what_to_install(clone, python, command):
    printed, errors = run(python.parent / "neural-odes", *command, folder=clone, code=1)
    assert printed == "" and re.fullmatch(f"error: {MISSING}\n", errors)


@pytest.mark.parametrize("command", ["train.py density cnf 1", "figure.py density moons-density", "page.py density", "index.py"])
def test_a_stage_says_what_to_install_and_how_to_get_back_outputs_that_are_gone(clone, python, command):
    script, *arguments = command.split()
    printed, errors = run(python, f"stages/{script}", *arguments, folder=clone, code=1)
    back = "; the last good outputs: git checkout .*" if script == "train.py" else ""  # figures and pages are there, in git
    assert printed == "" and re.fullmatch(rf"error: \S+: {MISSING}{back}\n", errors)


def test_the_names_of_the_package_are_there_when_one_asks_for_them():
    """And importing it loads neither them nor PyTorch, which floors do without."""
    code = "import sys, neural_odes; assert not {'scipy', 'torch', 'numpy'} & set(sys.modules)\n"
    code += "from neural_odes import *; TwoMoons, Spirals, load; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(ImportError, match="cannot import name 'Moons' from 'neural_odes'"):
        from neural_odes import Moons  # noqa: F401
