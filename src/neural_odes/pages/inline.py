"""One script from ES modules: what an ``import`` cannot do in a page that is opened from a file and may load nothing.

Each module becomes a function that is called where it is first needed, so that names which it does not export stay its own. What
is not understood is refused: only named imports and exports, each on one line, are.
"""

import posixpath
import re
from pathlib import Path

from neural_odes.errors import UserError

_IMPORT = re.compile(r'import \{ (\w+(?:, \w+)*) \} from "(\.{1,2}/[\w./]+\.js)";')
_EXPORT = re.compile(r"export (?=(?:async )?function\*? (\w+)|class (\w+)|const (\w+) =)")
_OTHER = re.compile(r"^\s*(?:import|export)\b|\bimport\s*[.(]")
_ENDING = re.compile(r"</script|<!--|<script", re.IGNORECASE)
"""What would end the element that the script stands in, or change how it is read."""


def inlined(folder: Path, entry: str) -> str:
    """The text of ``entry`` and of all modules that it imports, directly or not, as one script that imports nothing.

    Raises:
        UserError: a module is missing, imports in a circle, imports what is not exported, or has a form of import or export that
            is not understood; names file and line.
    """
    modules: dict[str, tuple[str, list[str]]] = {}  # by path: text and exports, in the order in which they must run
    _add(folder, entry, modules, ())
    text = "\n".join(_wrapped(name, text, exports) for name, (text, exports) in modules.items())
    if found := _ENDING.search(text):
        raise UserError(f"{folder.name}: a script may not hold {found[0]}; write it in two parts")
    return f'"use strict";\n{text}'


def _add(folder: Path, name: str, modules: dict[str, tuple[str, list[str]]], importers: tuple[str, ...]) -> None:
    if name in importers:
        raise UserError(f"{folder.name}/{name}: imports itself, by {' and '.join(importers[importers.index(name) :])}")
    if name in modules:
        return
    path = folder / name
    if not path.is_file():
        raise UserError(f"{folder.name}/{name}: missing; {importers[-1] if importers else 'the page'} imports it")
    lines, exports = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{folder.name}/{name}, line {number}"
        if found := _IMPORT.fullmatch(line):
            wanted, other = found[1].split(", "), posixpath.normpath(posixpath.join(posixpath.dirname(name), found[2]))
            _add(folder, other, modules, (*importers, name))
            if unknown := [each for each in wanted if each not in modules[other][1]]:
                raise UserError(f"{where}: {other} does not export {unknown[0]}")
            line = f"const {{ {found[1]} }} = {_variable(other)};"
        elif found := _EXPORT.match(line):
            exports.append(next(filter(None, found.groups())))
            line = line.removeprefix(found[0])
        elif _OTHER.search(line) and not line.lstrip().startswith(("//", "*", "/*")):
            raise UserError(f"{where}: only named imports and exports, each on one line, can be inlined: {line.strip()}")
        lines.append(line)
    modules[name] = ("\n".join(lines), exports)


def _variable(name: str) -> str:
    return "$" + re.sub(r"\W", "_", name.removesuffix(".js"))


def _wrapped(name: str, text: str, exports: list[str]) -> str:
    returned = f"return {{ {', '.join(exports)} }};\n" if exports else ""
    return f"// reports/explore/{name}\nconst {_variable(name)} = (() => {{\n{text}\n{returned}}})();"
