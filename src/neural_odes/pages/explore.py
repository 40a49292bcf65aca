"""The page on which the committed models answer: their weights, what draws and solves them, and nothing else, in one file."""

import base64
import hashlib
import json
from typing import Any

import matplotlib
import numpy as np
import safetensors
import safetensors.numpy
from markupsafe import Markup

from neural_odes.density.moons import TwoMoons
from neural_odes.errors import UserError
from neural_odes.figures import style
from neural_odes.pages import template
from neural_odes.pages.inline import inlined
from neural_odes.pipeline import weights
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.record import Record
from neural_odes.pipeline.stage import Stage
from neural_odes.trajectory import spirals

SOURCES = "reports/explore"
MODELS = "reports/models"
_TITLE = "Explore: the trained models, solved in your browser"
_DIGITS = "mnist"  # the data set whose images can be drawn by hand
_COLOURS = ("blue", "orange", "green", "red", "purple", "sky", "grey")


def explore(stage: Stage) -> None:
    """Writes the page of the models in reports/models, each with the parameters that it was trained with."""
    script = inlined(stage.input(SOURCES), "page.js")
    spiral, digit = _spiral(stage), _digit(stage)
    models = {"flow": _flow(stage), "spiral": spiral, "digit": digit}
    template.write(
        stage,
        "explore.html.j2",
        folder=SOURCES,
        title=_TITLE,
        colours={name: getattr(style, name.upper()) for name in _COLOURS},
        digest=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
        script=Markup(script),
        data=Markup(_json({"models": models, "shades": _shades()})),
        digit=digit is not None,
        window=spiral["window"],
        latest_start=int(spirals.latest_start(2 * spiral["window"])),
    )


def _flow(stage: Stage) -> dict[str, Any]:
    tensors, trained = _published(stage, "density")
    moons = TwoMoons(*(trained[f"density.data.{name}"] for name in ("noise", "scale", "shift")))
    return {
        "tensors": tensors,
        "end": trained["density.models.cnf.end_time"],
        "noise": moons.noise,
        "scale": moons.scale,
        "shift": moons.shift,
        "box": [bound for bounds in moons.box() for bound in bounds],
    }


def _spiral(stage: Stage) -> dict[str, Any]:
    tensors, trained = _published(stage, "trajectory")
    details = read_json(stage.input("reports/details/trajectory.json"))
    numbers = trained["trajectory.data.observations"]
    places = ("interpolation", "extrapolation")
    return {
        "tensors": tensors,
        "window": trained["trajectory.data.window"],
        "noise": trained["trajectory.data.noise_std"],
        "unit": trained["trajectory.models.latent_ode.time_unit"],
        "factors": [
            [number, [details[str(number)]["latent_ode"][f"conformal_factor_{place}"]["values"][0] for place in places]]
            for number in numbers
        ],
    }


def _digit(stage: Stage) -> dict[str, Any] | None:
    """None for a network of other images than digits."""
    tensors, trained = _published(stage, "classification")
    source = stage.input("reports/source/explore-digits") / "digits.npz"
    if trained["classification.data.dataset"] != _DIGITS:
        return None
    with np.load(source) as found:
        images, labels = found["images"], found["label"]
    solver, adaptive = trained["classification.models.odenet.solver"], "dopri5"
    return {
        "tensors": tensors,
        "images": _base64(images),
        "labels": labels.tolist(),
        "solver": {
            "solver": adaptive if solver == "adaptive" else solver,
            "steps": trained["classification.models.odenet.solver_steps"],
            "tolerance": "1e-3",
        },
    }


def _published(stage: Stage, claim: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tensors of a committed model, packed; and every parameter behind it, by dotted name.

    Raises:
        UserError: weights or record are missing or damaged.
    """
    folder = stage.input(f"{MODELS}/{claim}")
    path = folder / weights.FILE
    try:
        found = safetensors.numpy.load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(f"{path}: missing or damaged ({error}); bring it back with: git checkout {MODELS}/{claim}") from None
    return {name: _packed(tensor) for name, tensor in sorted(found.items())}, Record.read(folder).parameters


def _packed(tensor: np.ndarray) -> dict[str, Any]:
    return {"shape": list(tensor.shape), "values": _base64(tensor.astype("<f4"))}


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _shades() -> str:
    """The figures' map of densities: 256 colours."""
    return _base64(matplotlib.colormaps[style.DENSITY_MAP](np.arange(256), bytes=True)[:, :3])


def _json(content: Any) -> str:
    """As it may stand in a page: no sequence of it ends the element."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
