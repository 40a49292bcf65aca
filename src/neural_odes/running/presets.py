"""Presets: small overlays on the params.yaml of root and studies, in presets/."""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from neural_odes import params, paths, validation
from neural_odes.errors import UserError


def names(root: Path) -> list[str]:
    return sorted(path.stem for path in (root / "presets").glob("*.yaml"))


def apply(root: Path, name: str) -> dict[str, str]:
    """Writes an overlay into params.yaml, comments kept.

    Args:
        name: of the overlay in presets/, or the path of a file, which ends in .yaml.

    Returns:
        The keys whose value it changed, each with the params.yaml that it stands in.

    Raises:
        UserError: there is no such preset, or it is damaged, or a params.yaml would be invalid with it; all are then left as
            they were.
    """
    own = f"presets/{name}.yaml"
    path, file = (Path(name), name) if name.endswith(".yaml") else (root / own, own)
    if not path.is_file():
        raise UserError(f"{file}: there is no such preset; known: {', '.join(names(root))}")
    params.read(path, name=file, remedy="mend it, or take another: " + ", ".join(names(root)))
    return overlay(root, YAML().load(path.read_text(encoding="utf-8")))  # a round trip: number formats are kept


def overlay(root: Path, values: dict[str, Any]) -> dict[str, str]:
    """Writes ``values``, nested as in params.yaml, over what stands there; as ``apply``."""
    yaml = YAML()  # a round trip: comments and order are kept
    yaml.width = 4096
    params.load(root)
    files = [root / params.FILE, *(folder / params.FILE for folder in paths.studies(root))]
    before = {path: path.read_text(encoding="utf-8") for path in files if path.is_file()}
    contents = {path: yaml.load(text) for path, text in before.items()}
    changed = _overlay(contents, values, "")
    try:
        for path in dict.fromkeys(changed.values()):
            text = io.StringIO()
            yaml.dump(contents[path], text)
            _replace(path, text.getvalue())
        validation.check_all(root)
    except BaseException:
        for path in changed.values():
            _replace(path, before[path])
        raise
    return {key: path.relative_to(root).as_posix() for key, path in changed.items()}


def _replace(path: Path, text: str) -> None:
    temporary = path.with_suffix(".writing")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _overlay(contents: dict[Path, Any], overlay: dict[str, Any], prefix: str) -> dict[str, Path]:
    """Of each key that is changed, the file.

    Args:
        contents: of each file, the section that ``overlay`` is laid over, where it has it; the root's first.
    """
    changed: dict[str, Path] = {}
    for key, value in overlay.items():
        having = {path: section for path, section in contents.items() if key in section}
        within = {path: section[key] for path, section in having.items() if isinstance(section[key], dict)}
        path = next(iter(having or contents))
        if isinstance(value, dict) and within:
            changed |= _overlay(within, value, f"{prefix}{key}.")
        elif contents[path].get(key) != value:
            contents[path][key] = value
            changed[f"{prefix}{key}"] = path
    return changed
