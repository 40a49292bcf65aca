"""Modules become one script, or are refused with file and line."""

import subprocess
from pathlib import Path

import pytest

from benchmarks import browser
from neural_odes.errors import UserError
from neural_odes.pages.inline import inlined

MODULES = {
    "page.js": (
        'import { twice } from "./lib/twice.js";\nimport { LEVEL } from "./level.js";\ndocument.title = `${twice(LEVEL)}`;'
    ),
    "lib/twice.js": (
        'import { LEVEL } from "../level.js";\nconst own = 2;\nexport function twice(x) {\n  return own * x + LEVEL - LEVEL;\n}\n'
        "export class Unused {}\nexport async function* later() {}"
    ),
    "level.js": "const own = 20;\nexport const LEVEL = own + 1; // exports that were imported",
}


def written(folder: Path, **changes: str) -> Path:
    for name, text in (MODULES | changes).items():
        path = folder / "scripts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "scripts"


def test_one_script_runs_as_its_modules_would(tmp_path):
    """Two modules have an ``own`` each; what both import runs once, and first."""
    program = browser.find()
    if program is None:
        pytest.skip("Chromium is not installed")
    script = inlined(written(tmp_path), "page.js")
    page = tmp_path / "page.html"
    page.write_text(f'<!DOCTYPE html><title>?</title><script type="module">{script}</script>', encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run([program, *options, page.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    assert "<title>42</title>" in done.stdout
    assert script.count("const LEVEL = own") == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("level.js", "export const OTHER = 1;", r"scripts/lib/twice\.js, line 1: level\.js does not export LEVEL"),
        ("level.js", "export default 3;", r"scripts/level\.js, line 1: only named imports and exports, each on one line"),
        ("level.js", 'import * as all from "./lib/twice.js";', r"scripts/level\.js, line 1: only named"),
        ("level.js", 'export { a } from "./b.js";', r"scripts/level\.js, line 1: only named"),
        ("level.js", "export let LEVEL = 1;", r"scripts/level\.js, line 1: only named"),
        ("level.js", 'const late = await import("./b.js");', r"scripts/level\.js, line 1: only named"),
        ("level.js", 'import { readFile } from "node:fs";', r"scripts/level\.js, line 1: only named"),
        ("level.js", 'import { a as b } from "./b.js";', r"scripts/level\.js, line 1: only named"),
        ("page.js", 'import { a } from "./gone.js";', r"scripts/gone\.js: missing; page\.js imports it"),
        ("level.js", 'import { twice } from "./lib/twice.js";\nexport const LEVEL = 1;', r"lib/twice\.js: imports itself, by"),
        ("level.js", 'export const LEVEL = "</script>";', r"scripts: a script may not hold </script"),
        ("level.js", 'export const LEVEL = "<!--";', r"scripts: a script may not hold <!--"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path, name, text, message):
    with pytest.raises(UserError, match=message):
        inlined(written(tmp_path, **{name: text}), "page.js")
