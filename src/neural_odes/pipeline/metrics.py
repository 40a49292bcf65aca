"""The shapes in which results are written down."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neural_odes import paths
from neural_odes.errors import UserError


def write_json(path: Path, content: Any) -> None:
    """Same content, same bytes: sorted keys, two spaces, one newline at the end.

    Raises:
        UserError: a number is NaN or infinite; names its key.
    """
    try:
        text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
    except ValueError:
        where = next(_not_finite(content, ""), "a value")
        raise UserError(
            f"{path.name}: {where} is not finite: the model diverged; lower the learning rate, or tighten the tolerance"
        ) from None
    path.write_text(text + "\n", encoding="utf-8")


def _not_finite(node: Any, name: str) -> Iterator[str]:
    if isinstance(node, float) and not math.isfinite(node):
        yield name
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list | tuple) else ()
    for key, child in children:
        yield from _not_finite(child, f"{name}.{key}".lstrip("."))


def read_json(path: Path) -> Any:
    """What is in a JSON file.

    Raises:
        UserError: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: missing; bring it back with: {paths.brings_back(path)}") from None
    except ValueError:
        raise UserError(f"{path}: damaged (not JSON); delete it, then bring it back with: {paths.brings_back(path)}") from None
