"""Presets: small overlays on params.yaml, in presets/."""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from neural_odes import params
from neural_odes.errors import UserError


def names(root: Path) -> list[str]:
    return sorted(path.stem for path in (root / "presets").glob("*.yaml"))


def apply(root: Path, name: str) -> list[str]:
    """Writes the overlay ``name`` into params.yaml, comments kept; returns the keys whose value it changed.

    Raises:
        UserError: there is no such preset, or params.yaml would be invalid with it; params.yaml is then left as it was.
    """
    if name not in names(root):
        raise UserError(f"presets/{name}.yaml: there is no such preset; known: {', '.join(names(root))}")
    return overlay(root, YAML().load((root / "presets" / f"{name}.yaml").read_text(encoding="utf-8")))


def overlay(root: Path, values: dict[str, Any]) -> list[str]:
    """Writes ``values``, nested as in params.yaml, over what stands there; as ``apply``."""
    yaml = YAML()  # round trip: comments, order and number formats are kept
    yaml.width = 4096
    path = root / params.FILE
    params.read(path)
    old = yaml.load(path.read_text(encoding="utf-8"))
    changed = _overlay(old, values, "")
    text = io.StringIO()
    yaml.dump(old, text)
    params.check(YAML(typ="safe", pure=True).load(text.getvalue()))
    temporary = path.with_suffix(".writing")
    temporary.write_text(text.getvalue(), encoding="utf-8")
    temporary.replace(path)
    return changed


def _overlay(values: Any, overlay: Any, prefix: str) -> list[str]:
    changed = []
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            changed += _overlay(values[key], value, f"{prefix}{key}.")
        elif values.get(key) != value:
            values[key] = value
            changed.append(f"{prefix}{key}")
    return changed
